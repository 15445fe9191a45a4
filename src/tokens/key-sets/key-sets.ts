// The keys of all key managers, each apart: a key proves tokens of the key manager that published it and of no other. Sets that
// have to be fetched are kept fresh whether or not anybody asks.

import { deny } from '../../domain/decision.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { HeldKeys, KeyChoice } from '../keys/held-keys.ts';
import { KeySetRefresher } from './key-set-refresher.ts';
import { type BroughtKeys, RemoteKeys, type RemoteKeysOptions } from './remote-keys.ts';
import { StaticKeys } from './static-keys.ts';
import { UnitedKeys } from './united-keys.ts';

/** The keys of one key manager, and those of them that are fetched. */
interface Held {
  /** Equal for equal sources. */
  readonly sourceId: string;
  readonly keys: HeldKeys;
  readonly remote: readonly RemoteKeys[];
}

/** Holds key sets by key manager; one of these lives as long as the process. */
export class KeySets {
  readonly #options: RemoteKeysOptions;
  readonly #refresher: KeySetRefresher;
  /** What rules now, by id of the key manager. */
  readonly #held = new Map<string, Held>();
  /**
   * Whatever was asked for, as long as somebody holds the settings: a request under way keeps the keys of the settings that it
   * began with, and neither evicts those of newer settings nor brings a deleted key manager back.
   */
  readonly #known = new WeakMap<KeyManager, HeldKeys | undefined>();

  constructor(options: RemoteKeysOptions) {
    this.#options = options;
    this.#refresher = new KeySetRefresher({
      remoteKeys: () => [...this.#held.values()].flatMap(({ remote }) => remote),
      clock: options.clock,
    });
  }

  /** Begins to refresh in the background. */
  start(): void {
    this.#refresher.start();
  }

  /** Ends it; fetches under way come to their end. */
  stop(): void {
    this.#refresher.stop();
  }

  /** These are all key managers there are now: their sets are fetched without anybody asking, those of all others are forgotten. */
  follow(keyManagers: Iterable<KeyManager>): void {
    const ids = new Set<string>();
    for (const keyManager of keyManagers) {
      if (!keyManager.enabled) continue;
      ids.add(keyManager.id);
      if (keyManager.keys.kind === 'jwks') this.#keysOf(keyManager);
    }
    this.retain(ids);
    this.#refresher.look();
  }

  /** For another process that lacks a key, or whose set is due; undefined where the key manager has no such URL. Never rejects. */
  async bring(
    keyManager: KeyManager,
    url: string,
    header: UnprovedJwt['header'] | undefined,
  ): Promise<BroughtKeys | undefined> {
    this.#keysOf(keyManager);
    return this.#remoteAt(keyManager.id, url)?.bring(header);
  }

  /** Another process saved a newer set of this URL. */
  renew(keyManagerId: string, url: string): void {
    this.#remoteAt(keyManagerId, url)?.renew();
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

  /** RFC 7638 thumbprints of the keys that are held under a `kid` now. */
  thumbprintsNamed(kid: string, keyManager: KeyManager, nowMs: number): readonly string[] {
    const keys = this.#keysOf(keyManager)?.current(nowMs)?.keys ?? [];
    return keys.filter((key) => key.kid === kid).map(({ thumbprint }) => thumbprint);
  }

  /** Forgets the keys of all other key managers. */
  retain(keyManagerIds: ReadonlySet<string>): void {
    for (const id of this.#held.keys()) if (!keyManagerIds.has(id)) this.#drop(id);
  }

  /** How old each fetched set is, the oldest where there are several URLs, for metrics. */
  ages(nowMs: number): readonly { readonly keyManagerId: string; readonly ageMs: number }[] {
    return [...this.#held].flatMap(([keyManagerId, { keys }]) =>
      keys.fetchedAtMs === undefined ? [] : [{ keyManagerId, ageMs: Math.max(0, nowMs - keys.fetchedAtMs) }],
    );
  }

  #remoteAt(keyManagerId: string, url: string): RemoteKeys | undefined {
    return this.#held.get(keyManagerId)?.remote.find((remote) => remote.url === url);
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

  #keysOfNew(keyManager: KeyManager): HeldKeys | undefined {
    const sourceId = sourceIdOf(keyManager);
    const known = this.#held.get(keyManager.id);
    if (known?.sourceId === sourceId) return known.keys;
    this.#drop(keyManager.id);
    const held = this.#make(sourceId, keyManager);
    if (held !== undefined) this.#held.set(keyManager.id, held);
    return held?.keys;
  }

  #make(sourceId: string, { id, connection, keys: source }: KeyManager): Held | undefined {
    if (source.kind === 'none') return undefined;
    if (source.kind === 'pem') return { sourceId, keys: new StaticKeys(source.values), remote: [] };
    const owner = { id, connection, authorizationFile: source.authorizationFile };
    const remote = [...new Set(source.urls)].map((url) => new RemoteKeys(owner, url, this.#options));
    const [only] = remote.length === 1 ? remote : [];
    return { sourceId, keys: only ?? new UnitedKeys(remote), remote };
  }

  #drop(id: string): void {
    this.#held.get(id)?.keys.drop();
    this.#held.delete(id);
  }
}

/** With what is needed to reach them: keys of before were fetched from whom the settings of before let in. */
function sourceIdOf({ keys: source, connection }: KeyManager): string {
  if (source.kind === 'pem') return `pem ${source.values.join('\n')}`;
  if (source.kind === 'none') return 'none';
  return JSON.stringify(['jwks', source.urls, source.authorizationFile, Object.values(connection)]);
}
