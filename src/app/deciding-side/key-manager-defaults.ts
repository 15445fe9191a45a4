// What holds for key managers that say nothing themselves, out of the settings.

import type { KeyManagerDefaults } from '../../keymanagers/resolve-key-manager.ts';
import type { Settings } from '../../settings/settings.ts';

/** The defaults. */
export function keyManagerDefaults({ tokens, introspection, keyManagers }: Settings): KeyManagerDefaults {
  const { clockSkewSeconds, maxLifetimeSeconds } = tokens;
  return { clockSkewSeconds, maxLifetimeSeconds, introspection, limits: keyManagers.limits };
}
