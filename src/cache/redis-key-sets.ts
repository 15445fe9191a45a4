// Key sets shared through Redis, so that a fleet fetches once. Which of two sets is the newer is the consumer's to judge, by the time
// at which each was fetched.

import { createHash } from 'node:crypto';
import type { SharedKeySets, StoredKeySet } from '../authorize/ports.ts';
import type { SealedValues } from './sealed-values.ts';

/** What sealing, JSON quoting and the URL add to a key set at most, as a factor and a sum. */
export const KEY_SET_OVERHEAD = { factor: 1.5, bytes: 8_192 };
/** Largest sealed claim. */
export const MAX_CLAIM_BYTES = 512;

/** What they are kept with. */
export interface RedisKeySetsOptions {
  readonly keySets: SealedValues;
  readonly claims: SealedValues;
  /**
   * What a key manager is called in all of the fleet, since each installation may have given it an id of its own; equal only where the
   * same settings say how its keys are to be had. Undefined for one that is not known any more.
   */
  readonly fleetNameOf: (keyManagerId: string) => string | undefined;
  /** An older set is worth nothing. */
  readonly maxAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Keyed by key manager and URL: two key managers never share a set, though they name one URL. */
export class RedisKeySets implements SharedKeySets {
  readonly #options: RedisKeySetsOptions;

  constructor(options: RedisKeySetsOptions) {
    this.#options = options;
  }

  async get(keyManagerId: string, url: string): Promise<StoredKeySet | undefined> {
    const { clock, keySets, maxAgeMs } = this.#options;
    const found = (await keySets.get(this.#nameOf(keyManagerId, url)))?.value as Partial<StoredKeySet> | undefined;
    if (found?.url !== url || typeof found.jwks !== 'string' || typeof found.fetchedAtMs !== 'number') return undefined;
    const { jwks } = found;
    // A clock ahead of ours must not make a set look newer than any that we could fetch.
    const fetchedAtMs = Math.min(found.fetchedAtMs, clock());
    return fetchedAtMs + maxAgeMs > clock() ? { url, jwks, fetchedAtMs } : undefined;
  }

  set(keyManagerId: string, keySet: StoredKeySet): void {
    const { keySets, maxAgeMs } = this.#options;
    keySets.set(this.#nameOf(keyManagerId, keySet.url), keySet, keySet.fetchedAtMs + maxAgeMs);
  }

  /** A claim that is not one of ours, or that has run out and is still there, holds nobody back. */
  async claimFetch(keyManagerId: string, url: string, holdMs: number): Promise<boolean> {
    const { claims, clock } = this.#options;
    const name = this.#nameOf(keyManagerId, url);
    const claimed = await claims.setIfAbsent(name, true, clock() + holdMs);
    return claimed !== false || (await claims.get(name)) === undefined;
  }

  /** Parts are length-prefixed: no choice of parts can spell another's name. */
  #nameOf(keyManagerId: string, url: string): string {
    const hash = createHash('sha256');
    for (const part of [this.#options.fleetNameOf(keyManagerId) ?? keyManagerId, url])
      hash.update(`${part.length}:${part}`);
    return hash.digest('base64url');
  }
}
