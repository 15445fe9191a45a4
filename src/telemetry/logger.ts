// The JSON log. What must never be in it is not put in; the redaction here is only the belt to those braces.

import { type Logger, pino } from 'pino';
import { isoTimes } from './iso-times.ts';
import type { LogSink } from './log-sink.ts';

export type { Logger } from 'pino';

/** Names whose values never belong into a log, at the top of a record and one level below. */
export const SECRET_NAMES: readonly string[] = [
  'authorization',
  'token',
  'access_token',
  'refresh_token',
  'client_secret',
  'clientSecret',
  'consumer_secret',
  'consumerSecret',
  'password',
  'secret',
];

/** Stands where a secret would have. */
export const CENSORED = '*****';

/** Whose lines they are, where several processes write to one log. */
export interface LogOrigin {
  /** Counted from 0. */
  readonly worker?: number;
}

/** A logger that writes JSON lines with ISO times in UTC and levels by name. */
export function createLogger(level: string, sink: Pick<LogSink, 'write'>, origin: LogOrigin = {}): Logger {
  return pino(
    {
      level,
      base: { pid: process.pid, ...origin },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: [...SECRET_NAMES, ...SECRET_NAMES.map((name) => `*.${name}`)], censor: CENSORED },
    },
    sink,
  );
}

/**
 * Writes decision records as lines of the same form. The log level is about the program's own words, and never silences a denial. A
 * record has names of its own but in its evidence, which has been through the belt where the record is made: searching each again,
 * and putting it together name by name, costs more than all else.
 */
export function decisionWriter(
  sink: Pick<LogSink, 'write'>,
  now: () => number,
  origin: LogOrigin = {},
): (record: object) => void {
  const timeOf = isoTimes();
  const from = JSON.stringify({ pid: process.pid, ...origin }).slice(1, -1);
  return (record) => {
    const told = JSON.stringify(record).slice(1, -1);
    sink.write(`{"level":"info","time":"${timeOf(now())}",${from},${told},"msg":"decision"}\n`);
  };
}
