// The deciding thread's side of metrics: plain sums, handed to the metrics thread once a second. Nothing is rendered here.

import { Worker } from 'node:worker_threads';
import type { Decision } from '../domain/decision.ts';
import {
  COUNTERS,
  type Count,
  type CounterName,
  type Gauges,
  type LabelsOf,
  type Observations,
  type Scrape,
  type Scraped,
} from './metrics-message.ts';

/** Distinct values of a label (APIs, key managers, results) that are told apart; the rest share `other`. */
const MAX_LABEL_VALUES = 200;
const FLUSH_INTERVAL_MS = 1000;
/** Half a mebibyte of durations; a fuller second is handed over early. */
const MAX_DURATIONS = 65_536;
/** Shorter than Prometheus' own default of 10 s. */
const SCRAPE_TIMEOUT_MS = 5000;
/** Holds shorter than this go unseen; more wake-ups would cost more than they tell. */
const LOOP_TICK_MS = 5;
/** A server chooses its status codes freely, so only their class makes a label. */
const STATUS = /^(status_\d)\d+$/;

/** What can be counted, and all of it as text. */
export interface Metrics {
  /** `api` is a configured name, never taken from a request. */
  decision(outcome: Decision['outcome'], reason: string, api: string | undefined, durationSeconds: number): void;
  /**
   * Names are configured ones and all else is of a closed vocabulary, but for HTTP statuses (`status_404`), which count by class
   * (`status_4xx`). However many values come, each label has at most a few hundred.
   */
  count<Name extends CounterName>(counter: Name, labels: LabelsOf<Name>, by?: number): void;
  defect(): void;
  /** Prometheus' text format; rejects when the metrics thread does not answer. */
  scrape(): Promise<string>;
  close(): Promise<void>;
}

/** What metrics ask of others. */
export interface MetricsOptions {
  readonly version: string;
  /** State to report, asked for at each scrape. */
  readonly gauges: () => Gauges;
  readonly droppedLogLines: () => number;
  /** The metrics thread broke: decisions go on, scrapes fail. */
  readonly onFailure: (error: Error) => void;
}

/** Starts the metrics thread; neither it nor its timer keeps the process alive. */
export function startMetrics(options: MetricsOptions): Metrics {
  // The same extension as this file: TypeScript in development, JavaScript in the published build.
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const thread = new Worker(new URL(`./metrics-thread.${extension}`, import.meta.url), {
    workerData: options.version,
    execArgv: [],
  });
  thread.unref();
  const loopDelay = startLoopDelay();
  const caps = new Map<string, (value: string) => string>();
  const capped = (label: string, value: string) => {
    const cap = caps.get(label) ?? labelCap();
    caps.set(label, cap);
    return cap(value);
  };
  const counts = new Map<string, { counter: CounterName; labels: readonly string[]; by: number }>();
  const durations = new Float64Array(MAX_DURATIONS);
  const waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();
  let filled = 0;
  let droppedBefore = 0;
  let scrapes = 0;
  let failure: Error | undefined;

  const count = (counter: CounterName, labels: readonly string[], by = 1) => {
    const key = `${counter}\n${labels.join('\n')}`;
    const entry = counts.get(key);
    if (entry === undefined) counts.set(key, { counter, labels, by });
    else entry.by += by;
  };
  const flush = () => {
    const dropped = options.droppedLogLines();
    if (dropped > droppedBefore) count('gatehouse_log_lines_dropped_total', [], dropped - droppedBefore);
    droppedBefore = dropped;
    const sent: Observations = {
      kind: 'observations',
      counts: [...counts.values()] satisfies Count[],
      durations: new Float64Array(durations.subarray(0, filled)),
      loopDelayMaxSeconds: loopDelay.takeMaxSeconds(),
    };
    counts.clear();
    filled = 0;
    thread.postMessage(sent, [sent.durations.buffer]);
  };
  const fail = (error: Error) => {
    if (failure !== undefined) return;
    failure = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  thread.on('message', ({ id, text }: Scraped) => {
    waiting.get(id)?.resolve(text);
    waiting.delete(id);
  });
  thread.on('error', (error: Error) => {
    fail(error);
    options.onFailure(error);
  });
  thread.on('exit', () => fail(new Error('the metrics thread has ended')));
  const timer = setInterval(flush, FLUSH_INTERVAL_MS).unref();

  return {
    decision(outcome, reason, api, durationSeconds) {
      count('gatehouse_decisions_total', [outcome, reason, api === undefined ? '' : capped('api', api)]);
      if (filled === MAX_DURATIONS) flush();
      durations[filled] = durationSeconds;
      filled += 1;
    },
    count(counter, labels, by) {
      const values: Readonly<Record<string, string>> = labels;
      count(
        counter,
        COUNTERS[counter].labels.map((label) => capped(label, values[label]?.replace(STATUS, '$1xx') ?? '')),
        by,
      );
    },
    defect: () => count('gatehouse_defects_total', []),
    scrape() {
      if (failure !== undefined) return Promise.reject(failure);
      flush();
      scrapes += 1;
      const id = scrapes;
      const gauges = options.gauges();
      const message: Scrape = {
        kind: 'scrape',
        id,
        gauges: { ...gauges, keySetAges: oldestByLabel(gauges.keySetAges, (name) => capped('key_manager', name)) },
        heapUsedBytes: process.memoryUsage().heapUsed,
      };
      return new Promise((resolve, reject) => {
        const timeout = setTimeout(() => {
          waiting.delete(id);
          reject(new Error('the metrics thread did not answer in time'));
        }, SCRAPE_TIMEOUT_MS);
        const settle =
          <T>(end: (value: T) => void) =>
          (value: T) => {
            clearTimeout(timeout);
            end(value);
          };
        waiting.set(id, { resolve: settle(resolve), reject: settle(reject) });
        thread.postMessage(message);
      });
    },
    async close() {
      clearInterval(timer);
      loopDelay.stop();
      await thread.terminate();
    },
  };
}

/**
 * Measures how late a short timer comes. Node's own histogram forgets its last tick when it is reset, and with it a hold
 * that the flush comes right after.
 */
function startLoopDelay(): { readonly takeMaxSeconds: () => number; readonly stop: () => void } {
  let lastMs = performance.now();
  let maxMs = 0;
  const late = (nowMs: number) => Math.max(maxMs, nowMs - lastMs - LOOP_TICK_MS);
  const timer = setInterval(() => {
    const nowMs = performance.now();
    maxMs = late(nowMs);
    lastMs = nowMs;
  }, LOOP_TICK_MS).unref();
  return {
    /** The longest since the last call; a hold whose tick is still to come counts now, and in full once it has come. */
    takeMaxSeconds() {
      const seconds = late(performance.now()) / 1000;
      maxMs = 0;
      return seconds;
    },
    stop: () => clearInterval(timer),
  };
}

/** Gives the first names their own label value and all later ones `other`. */
function labelCap(): (name: string) => string {
  const known = new Set<string>();
  return (name) => {
    if (known.has(name)) return name;
    if (known.size >= MAX_LABEL_VALUES) return 'other';
    known.add(name);
    return name;
  };
}

function oldestByLabel(ages: ReadonlyMap<string, number>, label: (name: string) => string): Map<string, number> {
  const oldest = new Map<string, number>();
  for (const [name, age] of ages) {
    const shown = label(name);
    oldest.set(shown, Math.max(age, oldest.get(shown) ?? 0));
  }
  return oldest;
}
