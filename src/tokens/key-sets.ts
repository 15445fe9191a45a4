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
  /** What rules now, by id of the key manager. */
  readonly #held = new Map<string, { readonly sourceId: string; readonly keys: HeldKeys }>();
  /**
   * Whatever was asked for, as long as somebody holds the settings: a request under way keeps the keys of the settings that it
   * began with, and neither evicts those of newer settings nor brings a deleted key manager back.
   */
  readonly #known = new WeakMap<KeyManager, HeldKeys | undefined>();

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
    for (const id of this.#held.keys()) if (!keyManagerIds.has(id)) this.#drop(id);
  }

  /** How old each fetched set is, for metrics. */
  ages(nowMs: number): readonly { readonly keyManagerId: string; readonly ageMs: number }[] {
    return [...this.#held].flatMap(([keyManagerId, { keys }]) =>
      keys.fetchedAtMs === undefined ? [] : [{ keyManagerId, ageMs: Math.max(0, nowMs - keys.fetchedAtMs) }],
    );
  }

  /** Keys of another URL or other PEM values are another source: they are dropped the moment the settings change. */
  #keysOf(keyManager: KeyManager): HeldKeys | undefined {
    // Every request asks; a key manager that did not change is the same object, and nothing is compared.
    const known = this.#known.get(keyManager);
    if (known !== undefined || this.#known.has(keyManager)) return known;
    const keys = this.#keysOfNew(keyManager);
    this.#known.set(keyManager, keys);
    return keys;
  }

  #keysOfNew({ id, connection, keys: source }: KeyManager): HeldKeys | undefined {
    const sourceId = sourceIdOf(source);
    const held = this.#held.get(id);
    if (held?.sourceId === sourceId) return held.keys;
    this.#drop(id);
    if (source.kind === 'none') return undefined;
    const keys =
      source.kind === 'pem'
        ? new StaticKeys(source.values)
        : new RemoteKeys(
            { id, connection, authorizationFile: source.authorizationFile },
            source.urls[0] ?? '',
            this.#options,
          );
    this.#held.set(id, { sourceId, keys });
    return keys;
  }

  #drop(id: string): void {
    this.#held.get(id)?.keys.drop();
    this.#held.delete(id);
  }
}

function sourceIdOf(source: KeySource): string {
  if (source.kind === 'jwks') return `jwks ${source.urls.join(' ')}`;
  return source.kind === 'pem' ? `pem ${source.values.join('\n')}` : 'none';
}
