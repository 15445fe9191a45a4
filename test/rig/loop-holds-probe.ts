// Loaded into a process with `--import`: twice a second it writes to stderr how long the main thread's event loop was held at most, and
// what is left of that without garbage collection, and without waiting for a processor. See loop-holds.ts.

import { PerformanceObserver } from 'node:perf_hooks';
import { isMainThread } from 'node:worker_threads';

const TICK_MS = 1;
const INTERVAL_MS = 500;
/** Shorter holds are of no interest, and many. */
const SHORTEST_MS = 1;

/** Collections are told some time after they have ended. */
const OBSERVER_LAG_MS = 100;
const MAX_COLLECTIONS = 50;

interface Span {
  readonly from: number;
  readonly to: number;
}

if (isMainThread) {
  let collections: Span[] = [];
  let holds: (Span & { readonly cpuMs: number })[] = [];
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries())
      collections.push({ from: startTime, to: startTime + duration });
  }).observe({ entryTypes: ['gc'] });

  let lastAt = performance.now();
  let lastCpu = process.threadCpuUsage();
  setInterval(() => {
    const now = performance.now();
    const cpu = process.threadCpuUsage();
    const cpuMs = (cpu.user + cpu.system - lastCpu.user - lastCpu.system) / 1000;
    if (now - lastAt > TICK_MS + SHORTEST_MS) holds.push({ from: lastAt + TICK_MS, to: now, cpuMs });
    lastAt = now;
    lastCpu = cpu;
  }, TICK_MS).unref();

  const tell = (ended: typeof holds) => {
    const longest = { held: 0, withoutGc: 0, cpuWithoutGc: 0 };
    for (const { from, to, cpuMs } of ended) {
      const overlaps = collections.map((gc) => Math.max(0, Math.min(to, gc.to) - Math.max(from, gc.from)));
      const collecting = overlaps.reduce((sum, ms) => sum + ms, 0);
      longest.held = Math.max(longest.held, to - from);
      longest.withoutGc = Math.max(longest.withoutGc, to - from - collecting);
      longest.cpuWithoutGc = Math.max(longest.cpuWithoutGc, Math.min(cpuMs, to - from) - collecting);
    }
    process.stderr.write(`loop-holds ${JSON.stringify(longest)}\n`);
    collections = collections.slice(-MAX_COLLECTIONS);
  };
  setInterval(() => {
    setTimeout(tell, OBSERVER_LAG_MS, holds).unref();
    holds = [];
  }, INTERVAL_MS).unref();
}
