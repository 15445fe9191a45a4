// The keys of all key managers, each apart: a key proves tokens of the key manager that published it and of no other.

import { deny } from '../domain/decision.ts';
import type { KeyManager, KeySource } from '../domain/key-manager.ts';
import type { UnprovedJwt } from '../domain/token.ts';
import type { HeldKeys, KeyChoice } from './held-keys.ts';
import { RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
import { StaticKeys } from './static-keys.ts';

/** Holds key sets by key manager; one of these lives as long as the process. */
export class KeySets {
  readonly #options: RemoteKeysOptions;
  readonly #held = new Map<string, { readonly source: KeySource; readonly keys: HeldKeys }>();

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
  }

  /** The keys that may have signed this token; a promise only where they have to be fetched, as long as the fetch may take. */
  find(token: UnprovedJwt, keyManager: KeyManager, nowMs: number): KeyChoice | Promise<KeyChoice> {
    return this.#keysOf(keyManager)?.find(token.header, nowMs) ?? deny('key_not_found', { source: 'none' });
  }

  /** True while this key is in the key manager's set: what it proved is true only as long. */
  holds(keyManager: KeyManager, thumbprint: string, nowMs: number): boolean {
    return this.#keysOf(keyManager)?.current(nowMs)?.thumbprints.has(thumbprint) ?? false;
  }

  /** Digest of the key manager's present set, '' when there is none: what no key verified may be verified by another set. */
  digest(keyManager: KeyManager, nowMs: number): string {
    return this.#keysOf(keyManager)?.current(nowMs)?.digest ?? '';
  }

  /** Forgets the keys of all other key managers. */
  retain(keyManagerIds: ReadonlySet<string>): void {
    for (const [id, { keys }] of this.#held) {
      if (keyManagerIds.has(id)) continue;
      keys.drop();
      this.#held.delete(id);
    }
  }

  /** How old each fetched set is, for metrics. */
  ages(nowMs: number): readonly { readonly keyManagerId: string; readonly ageMs: number }[] {
    return [...this.#held].flatMap(([keyManagerId, { keys }]) =>
      keys.fetchedAtMs === undefined ? [] : [{ keyManagerId, ageMs: Math.max(0, nowMs - keys.fetchedAtMs) }],
    );
  }

  /** Keys of another URL or other PEM values are another source: they are dropped the moment the settings change. */
  #keysOf({ id, keys }: KeyManager): HeldKeys | undefined {
    const held = this.#held.get(id);
    // Every request asks; a key manager that did not change is the same object, and nothing is compared.
    if (held?.source === keys) return held.keys;
    if (held !== undefined && sourceId(held.source) === sourceId(keys)) {
      this.#held.set(id, { source: keys, keys: held.keys });
      return held.keys;
    }
    held?.keys.drop();
    this.#held.delete(id);
    if (keys.kind === 'none') return undefined;
    const fresh = keys.kind === 'pem' ? new StaticKeys(keys.values) : new RemoteKeys(id, keys.url, this.#options);
    this.#held.set(id, { source: keys, keys: fresh });
    return fresh;
  }
}

function sourceId(source: KeySource): string {
  if (source.kind === 'jwks') return `jwks ${source.url}`;
  return source.kind === 'pem' ? `pem ${source.values.join('\n')}` : 'none';
}
