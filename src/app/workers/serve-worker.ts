// The composition root of a worker: decisions over a catalog that it only reads, and a channel to the primary, which tells it what is not
// in the catalog. It never writes, and asks key managers for nothing but introspection.

import { namesRedis } from '../../cache/redis-settings.ts';
import { openForDecisions } from '../../catalog/open-for-decisions.ts';
import { describeCatalogEvent } from '../../catalog/outcome/catalog-event.ts';
import type { DrainOptions } from '../../extauthz/server.ts';
import { formatListenAddress } from '../../grpc/listen-address.ts';
import { loadKeyManagerTypes } from '../../keymanagers/load-types.ts';
import { resolveKeyManager } from '../../keymanagers/resolve-key-manager.ts';
import { openLogSink } from '../../telemetry/log-sink.ts';
import { createLogger } from '../../telemetry/logger.ts';
import { type Counting, startMetricSums } from '../../telemetry/metric-sums.ts';
import type { WorkerVitals } from '../../telemetry/metrics-message.ts';
import { countDefects } from '../deciding-side/count-defects.ts';
import { type Fitness, unfitnessOf } from '../deciding-side/fitness.ts';
import { keyManagerDefaults } from '../deciding-side/key-manager-defaults.ts';
import { followBackendJwt } from '../deciding-side/open-backend-jwt.ts';
import { openDecidingSide } from '../deciding-side/open-deciding-side.ts';
import { openOutboundSide } from '../deciding-side/open-outbound-side.ts';
import { openRedisStore } from '../fleet-side/open-redis-store.ts';
import { withShareOf } from './fair-share.ts';
import { KeySetsOfPrimary } from './key-sets-of-primary.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-message.ts';

const STDOUT = 1;
/** How long the last log lines may take to leave. */
const LOG_FLUSH_MS = 1_000;

/** The channel to the primary. */
export interface PrimaryChannel {
  /** True once the message is on its way; never rejects. */
  readonly send: (message: FromWorker) => Promise<boolean>;
}

/** A worker that listens. */
export interface RunningWorker {
  /** Hears the primary; `drain` is not for here. */
  readonly hear: (message: ToWorker) => void;
  /** NOT_SERVING, GOAWAY, the end of all. */
  readonly drain: (options: DrainOptions) => Promise<void>;
}

/** Listens. Rejects with a sentence for the operator where it cannot; what is open then ends with the process. */
export async function serveWorker(start: WorkerStart, { send }: PrimaryChannel): Promise<RunningWorker> {
  const { file, sealingKeys, settings, signingKeys, worker } = start;
  const sink = openLogSink(STDOUT);
  const origin = { worker };
  const log = createLogger(settings.telemetry.logLevel, sink, origin);
  const types = await loadKeyManagerTypes(settings.keyManagers.types);
  const defaults = keyManagerDefaults(settings);
  let fitness: Fitness | undefined;
  let isTaken = true;
  const sums = startMetricSums({
    droppedLogLines: sink.dropped,
    isTaken: () => isTaken,
    send: (observations) => {
      // A primary that stands still must not make a queue grow here.
      isTaken = false;
      void send({ kind: 'counted', observations, vitals: vitals() }).then(() => {
        isTaken = true;
      });
    },
  });
  const metrics: Counting = { ...sums, decision: onFirst(sums.decision, () => void send({ kind: 'answered' })) };
  const { countDefect } = countDefects(metrics, log);

  const catalog = openForDecisions({
    file,
    sealingKeys,
    resolveKeyManager: (stored) => {
      const resolved = resolveKeyManager(stored, defaults, types);
      return resolved && withShareOf(resolved, settings.workers);
    },
    report: (event) => {
      const { level, message } = describeCatalogEvent(event);
      // What is wrong with what is in it, the primary tells.
      if (event.kind === 'unreadable') log[level](event, message);
    },
  });
  const fetched = new KeySetsOfPrimary({
    load: catalog.loadKeySet,
    send: (message) => void send(message),
    fetchTimeoutMs: settings.keySets.timeoutMs,
    clock: Date.now,
  });
  const outbound = openOutboundSide(settings, {
    catalog: { reader: catalog.reader, keySets: fetched.store },
    obtain: fetched.obtain,
    metrics: () => metrics,
    log,
  });
  const redis = openRedisStore(settings, catalog, sealingKeys, () => metrics, log, false);
  const hasRedis = namesRedis(settings.cache.redis);
  const { listen } = openDecidingSide(settings, {
    ...{ catalog, outbound, metrics, log, sink, origin, countDefect },
    shared: hasRedis ? redis.tokenDecisions : undefined,
    backendJwt: await followBackendJwt(settings, signingKeys, catalog, outbound.admission),
    unfit: () => unfitnessOf(fitness, Date.now()),
  });
  const server = await listen(settings.extauthz.listen);
  outbound.start();

  function vitals(): WorkerVitals {
    const { user, system } = process.cpuUsage();
    const { heapUsed, rss } = process.memoryUsage();
    return {
      outboundFlights: outbound.door.flights(),
      waitingChecks: outbound.admission.waiters,
      redisUp: hasRedis ? redis.up() : undefined,
      ...{ residentBytes: rss, heapUsedBytes: heapUsed, cpuSeconds: (user + system) / 1_000_000 },
    };
  }
  await send({ kind: 'listening', addresses: server.addresses.map(formatListenAddress) });
  return {
    hear(message) {
      if (message.kind === 'ping') void send({ kind: 'pong' });
      else if (message.kind === 'count') sums.flush();
      else if (message.kind === 'fitness') fitness = message.fitness;
      else if (message.kind === 'serve') server.setServing(message.serving);
      else if (message.kind === 'keys') fetched.settle(message.id, message.brought);
      else if (message.kind === 'key_set') {
        fetched.receive(message.keyManagerId, message.keySet);
        outbound.keySets.renew(message.keyManagerId, message.keySet.url);
      }
    },
    async drain(options) {
      await server.drain(options);
      sums.stop();
      await send({ kind: 'counted', observations: sums.take(), vitals: vitals() });
      await Promise.all([outbound.close(), redis.close()]);
      catalog.close();
      await sink.flush(LOG_FLUSH_MS);
    },
  };
}

/** The function, with a word before its first call. */
function onFirst<Args extends readonly unknown[]>(
  call: (...args: Args) => void,
  tell: () => void,
): (...args: Args) => void {
  let isFirst = true;
  return (...args) => {
    if (isFirst) tell();
    isFirst = false;
    call(...args);
  };
}
