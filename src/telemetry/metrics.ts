// The metrics thread as others see it: sums go to it, texts come from it. Nothing is rendered here.

import { Worker } from 'node:worker_threads';
import { type Counting, startMetricSums } from './metric-sums.ts';
import type { Gauges, Observations, Scrape, Scraped } from './metrics-message.ts';

/** Shorter than Prometheus' own default of 10 s. */
const SCRAPE_TIMEOUT_MS = 5000;

/** What can be counted, and all of it as text. */
export interface Metrics extends Counting {
  /** Adds what another process counted. */
  add(observations: Observations): void;
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
  /** False where other processes decide, and tell what they counted. */
  readonly decides?: boolean;
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
  const sums = startMetricSums({
    droppedLogLines: options.droppedLogLines,
    decides: options.decides ?? true,
    send: (observations) => thread.postMessage(observations),
  });
  const waiting = new Map<number, { resolve: (text: string) => void; reject: (error: Error) => void }>();
  let scrapes = 0;
  let failure: Error | undefined;

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

  return {
    ...{ decision: sums.decision, count: sums.count, defect: sums.defect, add: sums.add },
    scrape() {
      if (failure !== undefined) return Promise.reject(failure);
      sums.flush();
      scrapes += 1;
      const id = scrapes;
      const gauges = options.gauges();
      const message: Scrape = {
        kind: 'scrape',
        id,
        gauges: { ...gauges, keySetAges: oldestByLabel(gauges.keySetAges, (name) => sums.capped('key_manager', name)) },
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
      sums.stop();
      await thread.terminate();
    },
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
