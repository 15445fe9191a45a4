// The import of a discovery document without a running server, for the command line.

import type { Discovered } from '../../admin/key-managers/diagnosis.ts';
import { loadKeyManagerTypes } from '../../keymanagers/load-types.ts';
import { openOutboundDoor } from '../../outbound/outbound-door.ts';
import type { Settings } from '../../settings/settings.ts';
import { discover } from './key-manager-diagnosis.ts';

/** Discovery documents of real servers stay below 64 KiB. */
export const MAX_DISCOVERY_BYTES = 262_144;

/** Opens the outbound side for one request. Rejects with a sentence for the operator when the settings cannot be followed. */
export async function discoverOnce(settings: Settings, url: string, type: string): Promise<Discovered> {
  const types = await loadKeyManagerTypes(settings.keyManagers.types);
  const door = openOutboundDoor({ ...settings.outbound, ...settings.keyManagers.limits, environment: process.env });
  try {
    return await discover(url, type, {
      door,
      types,
      timeoutMs: settings.keySets.timeoutMs,
      maxBytes: MAX_DISCOVERY_BYTES,
    });
  } finally {
    await door.close();
  }
}
