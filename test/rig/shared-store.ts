// A shared store as app.ts opens it, with what it told its observer at hand.

import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { openSharedStore, type SharedStore } from '../../src/cache/open-shared-store.ts';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import type { TokenDecision } from '../../src/domain/token.ts';
import { ValueSeal } from '../../src/sealing/value-seal.ts';

/** Settings that name no Redis. */
export const WITHOUT_REDIS: RedisSettings = {
  url: null,
  sentinels: [],
  sentinelName: 'mymaster',
  clusterNodes: [],
  username: null,
  passwordFile: null,
  sentinelPasswordFile: null,
  tls: null,
  keyPrefix: 'gatehouse:',
  commandTimeoutMs: 20,
};

/** A store and what it told. */
export interface WatchedStore {
  readonly store: SharedStore;
  /** How often each `kind outcome` of look-ups and each command outcome was told. */
  readonly counts: Map<string, number>;
  /** `up`, or the code of what is wrong, in order. */
  readonly states: string[];
  /** Told so far. */
  count(what: string): number;
}

/** Opens one for the length of a test. It is patient with Redis unless told otherwise. */
export function openWatchedStore(
  settings: Partial<RedisSettings>,
  {
    secret = 'fleet',
    clock = Date.now,
    fleetNames = {},
  }: {
    readonly secret?: string;
    readonly clock?: () => number;
    /** What key managers are called in all of the fleet, by their id here. */
    readonly fleetNames?: Readonly<Record<string, string>>;
  } = {},
): WatchedStore {
  const counts = new Map<string, number>();
  const states: string[] = [];
  const add = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const store = openSharedStore({
    // Tests share a small machine; that a slow Redis counts as absent has tests of its own.
    settings: { ...WITHOUT_REDIS, commandTimeoutMs: 5_000, ...settings },
    sealFor: (purpose) => sealFor(secret, purpose),
    observer: {
      up: (up, why) => states.push(up ? 'up' : why),
      command: (outcome) => add(outcome),
      shared: (kind, outcome) => add(`${kind} ${outcome}`),
    },
    fleetNameOf: (id) => fleetNames[id],
    maxKeySetBytes: 524_288,
    maxKeySetAgeMs: 86_400_000,
    clock,
    monotonic: () => performance.now(),
    random: Math.random,
  });
  onTestFinished(() => store.close());
  return { store, counts, states, count: (what) => counts.get(what) ?? 0 };
}

/** A proof about a client, good for a while. */
export function proofOf(consumerKey: string, expiresAt = Math.floor(Date.now() / 1000) + 600): TokenDecision {
  return {
    kind: 'proved',
    facts: {
      keyManagerId: 'km-1',
      issuer: 'https://issuer.example',
      subject: 'alice',
      consumerKey,
      scopes: ['read'],
      audiences: ['api'],
      expiresAt,
      notBefore: undefined,
      issuedAt: undefined,
      jti: 'jti-1',
      keyThumbprint: undefined,
      keyId: undefined,
      claims: {},
      certificateThumbprint: undefined,
    },
  };
}

/** The seal of a fleet whose secret is made of this text. */
export function sealFor(secret: string, purpose: string): ValueSeal {
  return new ValueSeal([{ id: 'test', secret: createHash('sha256').update(secret).digest('base64url') }], purpose);
}
