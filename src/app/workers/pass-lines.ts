// Passes the log of another process on: what comes in pieces goes on in whole lines, so that those of several processes do not mix.

import type { Readable } from 'node:stream';
import type { LogSink } from '../../telemetry/log-sink.ts';

/** Until the stream's end; a line that a crash cut off ends there. */
export function passLines(from: Readable, sink: Pick<LogSink, 'write'>): void {
  let rest = '';
  from.setEncoding('utf8');
  from.on('data', (text: string) => {
    const end = text.lastIndexOf('\n') + 1;
    if (end > 0) sink.write(rest + text.slice(0, end));
    rest = end > 0 ? text.slice(end) : rest + text;
  });
  from.on('end', () => {
    if (rest !== '') sink.write(`${rest}\n`);
  });
  from.on('error', () => undefined);
}
