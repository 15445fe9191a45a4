// The worker thread that owns the metrics registry: it counts and renders, so that neither costs the deciding event loop.

import { readdirSync } from 'node:fs';
import { parentPort, workerData } from 'node:worker_threads';
import { AggregatorRegistry, Counter, Gauge, Registry } from 'prom-client';
import { DURATION_BUCKETS_SECONDS, DurationSums } from './duration-sums.ts';
import {
  COUNTERS,
  type CounterName,
  type Observations,
  type Scrape,
  type Scraped,
  type WorkerGauges,
} from './metrics-message.ts';

/** The longest delay is that of the last minute, so that scrapers neither miss it nor take it from each other. */
const LOOP_DELAY_WINDOW_MS = 60_000;

const registry = new Registry();
const registers = [registry];
const counters = new Map<CounterName, Counter>();
for (const [name, { help, labels }] of Object.entries(COUNTERS) as [CounterName, (typeof COUNTERS)[CounterName]][])
  counters.set(name, new Counter({ name, help, labelNames: labels, registers }));
const durations = new DurationSums();
const gauge = (name: string, help: string, labelNames: string[] = []) =>
  new Gauge({ name, help, labelNames, registers });
const keySetAge = gauge('gatehouse_key_set_age_seconds', 'Age of the keys in use', ['key_manager']);
const revision = gauge('gatehouse_catalog_revision', 'Revision of the catalog');
const structureRevision = gauge('gatehouse_catalog_structure_revision', 'Revision of APIs and key managers');
const withoutAudience = gauge(
  'gatehouse_pairs_without_audience',
  'Pairs of API and key manager that state no audience',
);
const outboundFlights = gauge('gatehouse_outbound_flights', 'Requests to servers of key managers under way');
const waitingChecks = gauge('gatehouse_waiting_checks', 'Checks that wait for something of a key manager');
const redisUp = gauge('gatehouse_redis_up', '1 while decisions use Redis, 0 while they do without');
const revocationsWaiting = gauge('gatehouse_revocations_waiting', 'Revocations of others that cannot be applied yet');
const syncAge = gauge('gatehouse_sync_age_seconds', 'Time since the catalog was last known to be what its source has');
const syncSequence = gauge('gatehouse_sync_sequence', 'Where in the history of its source the catalog stands');
const syncLag = gauge('gatehouse_sync_lag', 'Write transactions of the source that the catalog lacks');
const syncLoaded = gauge('gatehouse_sync_loaded_rows', 'Rows of the copy that is, or was last, on its way');
const syncFollowers = gauge('gatehouse_sync_followers', 'Followers that are connected');
const loopDelay = gauge(
  'gatehouse_event_loop_delay_max_seconds',
  'Longest hold-up of the deciding event loop within the last minute',
);
const heapUsed = gauge(
  'nodejs_heap_size_used_bytes',
  'Heap in use by the deciding thread, or by the main thread of the primary',
);
gauge('gatehouse_build_info', 'Version of Gatehouse and of Node.js; always 1', ['version', 'nodejs']).set(
  { version: String(workerData), nodejs: process.version },
  1,
);
gauge('process_start_time_seconds', 'Start of the process').set(Math.round(Date.now() / 1000 - process.uptime()));
const residentMemory = gauge('process_resident_memory_bytes', 'Resident memory');
const openFiles = gauge('process_open_fds', 'Open file descriptors');
const cpu = new Counter({ name: 'process_cpu_seconds_total', help: 'CPU time of all threads', registers });
const workers = gauge('gatehouse_workers', 'Processes that decide, by state', ['state']);
const workerResident = gauge('gatehouse_worker_resident_memory_bytes', 'Resident memory of a worker', ['worker']);
const workerHeap = gauge('gatehouse_worker_heap_used_bytes', 'Heap in use by the deciding thread of a worker', [
  'worker',
]);
const workerCpu = new Counter({
  name: 'gatehouse_worker_cpu_seconds_total',
  help: 'CPU time of all threads of a worker, since it started',
  labelNames: ['worker'],
  registers,
});
/** The longest delay of each message, with when it came. */
let loopDelays: { readonly atMs: number; readonly seconds: number }[] = [];

function observe({ counts, durations: summed, loopDelayMaxSeconds }: Observations): void {
  for (const { counter, labels, by } of counts)
    counters
      .get(counter)
      ?.labels(...labels)
      .inc(by);
  durations.addAll(summed);
  loopDelays.push({ atMs: performance.now(), seconds: loopDelayMaxSeconds });
  const oldestMs = performance.now() - LOOP_DELAY_WINDOW_MS;
  loopDelays = loopDelays.filter(({ atMs }) => atMs >= oldestMs);
}

/** A value that cannot be had (out of file descriptors, no /proc) is left out: a throw would end the thread and lose every count. */
function report(to: Gauge, measure: () => number): void {
  try {
    to.set(measure());
  } catch {
    to.remove();
  }
}

/** prom-client's own histogram takes one duration at a time; its registry for several processes takes sums. */
function durationsText(): Promise<string> {
  const name = 'gatehouse_decision_duration_seconds';
  const { buckets, sumSeconds } = durations.get();
  let total = 0;
  const values = buckets.map((count, at) => {
    total += count;
    return { metricName: `${name}_bucket`, labels: { le: DURATION_BUCKETS_SECONDS[at] ?? '+Inf' }, value: total };
  });
  const sums = [
    { metricName: `${name}_sum`, labels: {}, value: sumSeconds },
    { metricName: `${name}_count`, labels: {}, value: total },
  ];
  const help = 'Time from a received check to its answer';
  const histogram = { name, help, type: 'histogram', aggregator: 'sum', values: [...values, ...sums] };
  return AggregatorRegistry.aggregate([[histogram]]).metrics();
}

function reportWorkers(told: WorkerGauges | undefined): void {
  for (const metric of [workers, workerResident, workerHeap, workerCpu]) metric.reset();
  for (const [state, count] of told?.states ?? []) workers.set({ state }, count);
  for (const [worker, { cpuSeconds, heapUsedBytes, residentBytes }] of told?.vitals ?? []) {
    workerResident.set({ worker }, residentBytes);
    workerHeap.set({ worker }, heapUsedBytes);
    workerCpu.inc({ worker }, cpuSeconds);
  }
}

async function render({ id, gauges, heapUsedBytes }: Scrape): Promise<Scraped> {
  keySetAge.reset();
  for (const [keyManager, age] of gauges.keySetAges) keySetAge.set({ key_manager: keyManager }, age);
  report(revision, () => gauges.catalogRevision);
  report(structureRevision, () => gauges.catalogStructureRevision);
  report(withoutAudience, () => gauges.pairsWithoutAudience);
  if (gauges.redisUp === undefined) redisUp.remove();
  else redisUp.set(Number(gauges.redisUp));
  report(outboundFlights, () => gauges.outboundFlights);
  report(waitingChecks, () => gauges.waitingChecks);
  report(revocationsWaiting, () => gauges.revocationsWaiting);
  const { ageSeconds, sequence, lag, loadedRows, followers } = gauges.sync;
  for (const [to, value] of [
    [syncAge, ageSeconds],
    [syncLag, lag],
  ] as const)
    if (value === undefined) to.remove();
    else to.set(value);
  report(syncSequence, () => sequence);
  report(syncLoaded, () => loadedRows);
  report(syncFollowers, () => followers);
  reportWorkers(gauges.workers);
  report(loopDelay, () => Math.max(0, ...loopDelays.map(({ seconds }) => seconds)));
  report(heapUsed, () => heapUsedBytes);
  report(residentMemory, () => process.memoryUsage.rss());
  if (process.platform === 'linux') report(openFiles, () => readdirSync('/proc/self/fd').length);
  const { user, system } = process.cpuUsage();
  cpu.reset();
  cpu.inc((user + system) / 1_000_000);
  return { id, text: (await registry.metrics()) + (await durationsText()) };
}

parentPort?.on('message', async (message: Observations | Scrape) => {
  if (message.kind === 'observations') observe(message);
  else parentPort?.postMessage(await render(message));
});
