// Key sets over real servers and the real door, with a store in memory, a clock that tests turn, and what was told at hand.

import { createHash } from 'node:crypto';
import { onTestFinished } from 'vitest';
import type { StoredKeySet } from '../../../../src/authorize/ports.ts';
import type { KeyManager } from '../../../../src/domain/key-manager.ts';
import { keySetFetch } from '../../../../src/tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../../../src/tokens/key-sets/key-sets.ts';
import type { RemoteKeysOptions } from '../../../../src/tokens/key-sets/remote-keys.ts';
import { openDoor } from '../../outbound/open-door.ts';
import { KeyServer } from '../key-server.ts';
import { keyManager, NOW_MS, type SigningKey, unprovedJwt } from '../token-sample.ts';

export const HOUR_MS = 3_600_000;

/** What survives a restart. */
export type Stored = Map<string, StoredKeySet>;

export class KeySetSample {
  now = NOW_MS;
  readonly told: string[] = [];
  readonly keySets: KeySets;

  constructor(stored: Stored = new Map(), changes: Partial<RemoteKeysOptions> = {}, fetchTimeoutMs = 20_000) {
    const door = openDoor({ maxConnections: 1_000, maxFlights: 1_000 });
    const tell =
      (what: string) =>
      (id: string, outcome = what) =>
        this.told.push(`${id} ${outcome}`);
    this.keySets = new KeySets({
      store: {
        load: (id, url) => stored.get(`${id} ${url}`),
        save: (id, keySet) => stored.set(`${id} ${keySet.url}`, keySet),
      },
      fetch: keySetFetch({
        send: door.send,
        readCredential: async () => undefined,
        timeoutMs: fetchTimeoutMs,
        maxBytes: 524_288,
      }),
      clock: () => this.now,
      random: () => 0,
      fetchTimeoutMs,
      cooldownMs: 5_000,
      refreshMs: HOUR_MS,
      maxStaleMs: 24 * HOUR_MS,
      observer: { fetched: tell(''), throttled: tell('throttled'), staleUsed: tell('stale') },
      ...changes,
    });
    onTestFinished(async () => {
      this.keySets.stop();
      await door.close();
    });
  }

  /** The kids found, or the reason why none was. */
  async find(kid: string | undefined, settings: KeyManager): Promise<string> {
    const token = unprovedJwt({}, kid === undefined ? {} : { kid });
    const choice = await this.keySets.find(token, settings, this.now);
    return 'reason' in choice ? choice.reason : choice.keys.map((key) => key.kid).join();
  }

  /** True while what the key proved counts. */
  holds({ jwk: { crv, kty, x, y } }: SigningKey, settings: KeyManager): boolean {
    // RFC 7638, worked out independently.
    const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
    return this.keySets.holds(settings, thumbprint, this.now);
  }

  /** Fetches told of so far, by outcome. */
  fetches(outcome?: string): number {
    const of = this.told.filter((line) => !/ (throttled|stale)$/.test(line));
    return outcome === undefined ? of.length : of.filter((line) => line.endsWith(` ${outcome}`)).length;
  }
}

/** A key server for the length of a test. */
export async function startKeyServer(body: string): Promise<KeyServer> {
  const server = await new KeyServer().listen();
  server.body = body;
  onTestFinished(() => server[Symbol.asyncDispose]());
  return server;
}

/** A key manager with these key servers. */
export function remote(id: string, ...urls: readonly string[]): KeyManager {
  return keyManager({ id, keys: { kind: 'jwks', urls, authorizationFile: null } });
}
