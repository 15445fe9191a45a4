// Connects what a fleet shares through Redis to the settings, and tells of how Redis does.

import { openSharedStore, type SharedStore } from '../../cache/open-shared-store.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import { ValueSeal } from '../../sealing/value-seal.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';

/** Changes of Redis that come sooner after the last one are for the log level `debug`. */
const LOG_PAUSE_MS = 1_000;

/** Opens it; without `follows` for decisions alone, and nothing waits for revocations. */
export function openRedisStore(
  settings: Settings,
  catalog: Pick<OpenCatalog, 'reader'>,
  sealingKeys: readonly SealingKey[],
  metrics: () => Pick<Metrics, 'count'>,
  log: Logger,
  follows = true,
): SharedStore {
  let loggedAtMs = Number.NEGATIVE_INFINITY;
  return openSharedStore({
    settings: settings.cache.redis,
    sealFor: (purpose) => new ValueSeal(sealingKeys, purpose),
    observer: {
      up: (up, why) => {
        // One that comes and goes must not fill the log; the gauge tells all of it.
        const isRepeated = performance.now() - loggedAtMs < LOG_PAUSE_MS;
        if (!isRepeated) loggedAtMs = performance.now();
        if (up) log[isRepeated ? 'debug' : 'info']('Redis is in use');
        else log[isRepeated ? 'debug' : 'warn']({ problem: why }, 'Redis is not in use; decisions go on without it');
      },
      command: (result) => metrics().count('gatehouse_redis_commands_total', { result }),
      shared: (kind, result) => metrics().count('gatehouse_redis_lookups_total', { kind, result }),
    },
    fleetNameOf: (id) => {
      const found = catalog.reader.snapshot()?.keyManagers.byId.get(id);
      return found && JSON.stringify([found.organization, found.name, found.digest]);
    },
    maxKeySetBytes: settings.keySets.maxBytes,
    maxKeySetAgeMs: settings.keySets.maxStaleSeconds * 1000,
    clock: Date.now,
    monotonic: () => performance.now(),
    random: Math.random,
    follows,
  });
}
