// Turns a stored key manager into the one that decisions use.

import type { KeyManager, KeyManagerLimits } from '../domain/key-manager.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import { joinSecrets } from '../domain/secret-fields.ts';
import { decisionDigest } from './decision-digest.ts';
import { keyManagerSettings } from './key-manager-settings.ts';
import type { KeyManagerTypes } from './types.ts';

/** What an installation says for key managers that say nothing themselves. */
export interface KeyManagerDefaults {
  readonly clockSkewSeconds: number;
  readonly maxLifetimeSeconds: number;
  readonly introspection: { readonly ttlSeconds: number; readonly timeoutMs: number };
  readonly limits: KeyManagerLimits;
}

/** Undefined for one that could not be written today (unknown type, contradictions): it vouches for nothing. */
export function resolveKeyManager(
  stored: StoredKeyManager,
  defaults: KeyManagerDefaults,
  types: KeyManagerTypes,
): KeyManager | undefined {
  const settings = keyManagerSettings(joinSecrets(stored.dto, stored.secrets), types);
  if (!('type' in settings)) return undefined;
  const { unusedIntrospection: _unused, introspection, limits, type, ...rest } = settings;
  const { concurrency, ratePerSecond, burst } = defaults.limits;
  const resolved: Omit<KeyManager, 'digest'> = {
    ...rest,
    id: stored.id,
    organization: stored.organization,
    sequence: stored.sequence,
    type: type.type,
    introspection: introspection && {
      ...introspection,
      ttlMs: introspection.ttlMs ?? defaults.introspection.ttlSeconds * 1000,
      timeoutMs: introspection.timeoutMs ?? defaults.introspection.timeoutMs,
    },
    limits: { concurrency, ratePerSecond, burst, ...limits },
    clockSkewSeconds: rest.clockSkewSeconds ?? defaults.clockSkewSeconds,
    maxLifetimeSeconds: rest.maxLifetimeSeconds ?? defaults.maxLifetimeSeconds,
  };
  return { ...resolved, digest: decisionDigest(resolved) };
}
