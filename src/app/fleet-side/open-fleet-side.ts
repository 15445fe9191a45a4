// Connects what the processes of a fleet share through Redis: token decisions, key sets, revocations. Without a Redis there is
// nothing to share, and everything goes on alone.

import type { SharedKeySets, SharedTokenDecisions } from '../../authorize/ports.ts';
import { namesRedis } from '../../cache/redis-settings.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { Revocation } from '../../domain/revocation.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import type { Settings } from '../../settings/settings.ts';
import type { KeyManagerNames } from '../../sync/revocations/feed-ports.ts';
import { RevocationFeed } from '../../sync/revocations/revocation-feed.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { openRedisStore } from './open-redis-store.ts';

/** Names the stream in the catalog's table of positions. */
const STREAM = 'redis';
/** Longest time that a start waits for Redis. */
const START_WAIT_MS = 500;

/** The parts, and how they are taken down. */
export interface FleetSide {
  /** Undefined where no Redis is configured. */
  readonly tokenDecisions: SharedTokenDecisions | undefined;
  readonly keySets: SharedKeySets | undefined;
  /** Spreads revocations that the catalog has already. Never rejects; where Redis is away it is done when that is back. */
  readonly publish: (revocations: readonly Revocation[]) => Promise<void>;
  /** Applies revocations that waited for a key manager; for after a change of those, before its author is answered. */
  readonly keyManagersChanged: () => Promise<void>;
  readonly redisUp: () => boolean | undefined;
  readonly revocationsWaiting: () => number;
  /** Begins to follow the revocations of others; waits a moment for Redis, so that a start asks the fleet and not every key manager. */
  readonly start: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Opens it; connects in the background. Metrics are asked for when something is counted: they are made later. */
export function openFleetSide(
  settings: Settings,
  catalog: OpenCatalog,
  sealingKeys: readonly SealingKey[],
  metrics: () => Pick<Metrics, 'count'>,
  log: Logger,
): FleetSide {
  const { redis } = settings.cache;
  const present = namesRedis(redis);
  const store = openRedisStore(settings, catalog, sealingKeys, metrics, log);
  const spread = (event: string, by = 1) => metrics().count('gatehouse_revocation_spread_total', { event }, by);
  let waiting = 0;
  const feed = new RevocationFeed({
    stream: store.revocations,
    rows: {
      save: async (revocations, position) => {
        const saved = await catalog.writer.saveRevocations(revocations, { kind: 'stream', stream: STREAM, position });
        return saved.kind === 'saved';
      },
      since: (sequence, limit) => catalog.lists.revocationsSince(sequence, limit),
    },
    keyManagers: keyManagerNames(catalog),
    observer: {
      applied: (count) => spread('applied', count),
      unreadable: () => spread('unreadable'),
      waiting: (count) => {
        waiting = count;
      },
      lost: () => {
        spread('stream_lost');
        log.warn('the shared stream of revocations was lost or replaced; it is filled again');
      },
      refilled: (count) => spread('refilled', count),
    },
    clock: Date.now,
    random: Math.random,
  });
  return {
    tokenDecisions: present ? store.tokenDecisions : undefined,
    keySets: present ? store.keySets : undefined,
    publish: async (revocations) => {
      if (present) await feed.publish(revocations);
    },
    keyManagersChanged: () => feed.settle(),
    redisUp: () => (present ? store.up() : undefined),
    revocationsWaiting: () => waiting,
    start: async () => {
      if (!present) return;
      feed.start();
      const late = Promise.withResolvers<void>();
      const timer = setTimeout(late.resolve, START_WAIT_MS);
      await Promise.race([store.settled(), late.promise]);
      clearTimeout(timer);
    },
    close: async () => {
      // The feed waits at the server; only the end of its connection ends that at once.
      await Promise.all([feed.stop(), store.close()]);
    },
  };
}

function keyManagerNames({ reader }: OpenCatalog): KeyManagerNames {
  const all = () => reader.snapshot()?.keyManagers.byId;
  return {
    nameOf: (id) => {
      const found = all()?.get(id);
      return found && { organization: found.organization, name: found.name };
    },
    idOf: ({ organization, name }) => {
      for (const one of all()?.values() ?? [])
        if (one.organization === organization && one.name === name) return one.id;
      return undefined;
    },
  };
}
