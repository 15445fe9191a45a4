// Turns a stored key manager into the one that decisions use.

import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import { joinSecrets } from '../domain/secret-fields.ts';
import { keyManagerSettings } from './key-manager-settings.ts';

/** What an installation says for key managers that say nothing themselves. */
export interface KeyManagerDefaults {
  readonly clockSkewSeconds: number;
  readonly maxLifetimeSeconds: number;
}

/** Undefined for one that could not be written today (unknown type, contradictions): it vouches for nothing. */
export function resolveKeyManager(stored: StoredKeyManager, defaults: KeyManagerDefaults): KeyManager | undefined {
  const settings = keyManagerSettings(joinSecrets(stored.dto, stored.secrets));
  if (!('type' in settings)) return undefined;
  const { type, enabled, tokenType, audiences, jwtRules, admin, ...rest } = settings;
  const relevant = {
    ...rest,
    checksKeyIssuer: false,
    tenancy: null,
    introspection: null,
    connection: { ca: null, serverName: null, clientCert: null, clientKey: null },
    scopesFromNames: false,
    claimMapping: [],
    audienceClaim: 'aud',
    acceptedTyp: null,
    requiredClaims: [],
    unverifiableHeaders: [],
    marks: type.marks,
    clockSkewSeconds: rest.clockSkewSeconds ?? defaults.clockSkewSeconds,
    maxLifetimeSeconds: rest.maxLifetimeSeconds ?? defaults.maxLifetimeSeconds,
  };
  return {
    ...relevant,
    id: stored.id,
    organization: stored.organization,
    sequence: stored.sequence,
    name: stored.dto.name,
    type: type.type,
    enabled,
    tokenType,
    audiences,
    jwtRules,
    referenceRules: [],
    limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
    admin,
    digest: digestOf({ ...relevant, issuers: sorted(relevant.issuers), algorithms: sorted(relevant.algorithms) }),
  };
}

/** Of what changes a token decision and nothing else: names, audiences, rules and the order of sets are not part of one. */
function digestOf(relevant: object): string {
  return createHash('sha256')
    .update(canonicalJson(relevant) ?? '')
    .digest('hex');
}

function sorted(texts: readonly string[]): readonly string[] {
  return [...texts].sort();
}
