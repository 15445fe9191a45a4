// What each of several workers may ask of key managers, so that all of them together stay within what the settings and the key managers
// say for the whole.

import type { KeyManager } from '../../domain/key-manager.ts';
import type { Settings } from '../../settings/settings.ts';

/** The key manager with a worker's part of its limits. */
export function withShareOf(keyManager: KeyManager, workers: number): KeyManager {
  const { burst, concurrency, ratePerSecond } = keyManager.limits;
  const limits = {
    concurrency: wholePart(concurrency, workers),
    ratePerSecond: ratePerSecond / workers,
    burst: Math.max(1, burst / workers),
  };
  return { ...keyManager, limits };
}

/** The settings with a worker's part of the requests and sockets that all key managers share. */
export function withShareOfAll(settings: Settings, workers: number): Settings {
  const { keyManagers } = settings;
  const { maxConnections, maxFlights } = keyManagers.limits;
  const limits = {
    ...keyManagers.limits,
    maxFlights: wholePart(maxFlights, workers),
    maxConnections: wholePart(maxConnections, workers),
  };
  return { ...settings, keyManagers: { ...keyManagers, limits } };
}

/** At least one: who may ask nothing could not decide. */
function wholePart(limit: number, workers: number): number {
  return Math.max(1, Math.floor(limit / workers));
}
