// The keys of backend JWTs: one signs, those before it are published until the last JWT that they signed has expired. The keys are
// the installation's own, kept by the catalog, or come from its settings, where a fleet shares them.

import type { JWK } from 'jose';
import type { AuditContext } from '../domain/audit.ts';
import type { SigningAlgorithm, SigningKeyInfo, StoredSigningKey } from '../domain/signing-key.ts';
import { newSigningKey, readSigningKey, type SigningKey } from './signing-key.ts';

/** Keeps the installation's own keys. */
export interface SigningKeyStore {
  /** Undefined where a key cannot be opened: another must not silently take its place. */
  list(): readonly StoredSigningKey[] | undefined;
  /** Adds the key that signs from now on and retires the one that did; false when that failed. */
  rotate(
    next: StoredSigningKey,
    retired: { readonly atMs: number; readonly publishedUntilMs: number },
    audit: AuditContext | undefined,
  ): Promise<boolean>;
}

/** A key of the ring. */
interface RingKey {
  readonly info: SigningKeyInfo;
  readonly key: SigningKey;
}

/** What a ring is opened with. */
export interface SigningKeyRingOptions {
  readonly algorithm: SigningAlgorithm;
  /** PEM texts of private keys, the first signs; empty: the keys of the store. */
  readonly given: readonly string[];
  readonly store: SigningKeyStore;
  /** Longest life of a JWT. */
  readonly ttlSeconds: number;
  readonly clock: () => number;
}

/** How a rotation went. */
export type Rotated =
  | { readonly kind: 'rotated'; readonly key: SigningKeyInfo }
  /** `given`: the keys come from settings and are changed there. */
  | { readonly kind: 'refused'; readonly why: 'given' | 'busy' };

/** The live key and the retiring ones. */
export class SigningKeyRing {
  readonly #options: SigningKeyRingOptions;
  #keys: readonly [RingKey, ...RingKey[]];
  #rotating = false;

  private constructor(options: SigningKeyRingOptions, keys: readonly [RingKey, ...RingKey[]]) {
    this.#options = options;
    this.#keys = keys;
  }

  /** Rejects, with a sentence for the operator, where a key cannot be used. The first start makes one. */
  static async open(options: SigningKeyRingOptions): Promise<SigningKeyRing> {
    const { algorithm, given, store, clock } = options;
    if (given.length > 0) return new SigningKeyRing(options, await ringOfGiven(given, algorithm, clock()));
    const stored = store.list();
    if (stored === undefined)
      throw new Error(
        'a signing key of the backend JWT cannot be opened; give the sealing key that it was sealed with',
      );
    const [live, ...retired] = await Promise.all(stored.map(ringKeyOf));
    // No key yet, or the settings ask for another kind of it.
    if (live === undefined || live.info.algorithm !== algorithm) {
      const made = await newSigningKey(algorithm, clock());
      const before = live === undefined ? [] : [retiredNow(live, options), ...retired];
      if (!(await store.rotate(made, retirement(options), undefined)))
        throw new Error('the signing key of the backend JWT cannot be kept');
      return new SigningKeyRing(options, [await ringKeyOf(made), ...before]);
    }
    return new SigningKeyRing(options, [live, ...retired]);
  }

  /** The key that signs. */
  current(): SigningKey {
    return this.#keys[0].key;
  }

  /** What a JWK set shows (RFC 7517 §5): the live key and those whose JWTs may still be on their way. */
  published(nowMs: number): readonly JWK[] {
    return this.#inUse(nowMs).map(({ key }) => key.publicJwk);
  }

  /** The same, without the keys. */
  list(nowMs: number): readonly SigningKeyInfo[] {
    return this.#inUse(nowMs).map(({ info }) => info);
  }

  /** Makes a new key, which signs from now on. */
  async rotate(audit?: AuditContext): Promise<Rotated> {
    const { given, algorithm, clock, store } = this.#options;
    if (given.length > 0) return { kind: 'refused', why: 'given' };
    if (this.#rotating) return { kind: 'refused', why: 'busy' };
    this.#rotating = true;
    try {
      const made = await newSigningKey(algorithm, clock());
      if (!(await store.rotate(made, retirement(this.#options), audit))) return { kind: 'refused', why: 'busy' };
      const [live, ...retired] = this.#keys;
      this.#keys = [await ringKeyOf(made), retiredNow(live, this.#options), ...retired];
      return { kind: 'rotated', key: this.#keys[0].info };
    } finally {
      this.#rotating = false;
    }
  }

  #inUse(nowMs: number): readonly RingKey[] {
    return this.#keys.filter(({ info }) => (info.publishedUntilMs ?? Number.POSITIVE_INFINITY) > nowMs);
  }
}

async function ringKeyOf({ privateKey, ...info }: StoredSigningKey): Promise<RingKey> {
  return { info, key: await readSigningKey(privateKey) };
}

/** Of given keys the first signs; the others are published for as long as they are given. */
async function ringOfGiven(
  given: readonly string[],
  algorithm: SigningAlgorithm,
  nowMs: number,
): Promise<[RingKey, ...RingKey[]]> {
  const keys = await Promise.all(
    given.map((pem, index) =>
      readSigningKey(pem).catch((error: Error) => {
        throw new Error(`upstream.backendJwt.keys[${index}] ${error.message}`);
      }),
    ),
  );
  const [first, ...others] = keys.map((key, index): RingKey => {
    const retiredAtMs = index === 0 ? null : nowMs;
    const { id, algorithm } = key;
    return { key, info: { id, algorithm, createdAtMs: nowMs, retiredAtMs, publishedUntilMs: null } };
  });
  if (first === undefined || first.info.algorithm !== algorithm)
    throw new Error(`upstream.backendJwt.keys[0] is not of the kind that ${algorithm} needs; correct one of the two`);
  return [first, ...others];
}

function retirement({ clock, ttlSeconds }: SigningKeyRingOptions) {
  return { atMs: clock(), publishedUntilMs: clock() + ttlSeconds * 1000 };
}

function retiredNow({ info, key }: RingKey, options: SigningKeyRingOptions): RingKey {
  const { atMs, publishedUntilMs } = retirement(options);
  return { key, info: { ...info, retiredAtMs: atMs, publishedUntilMs } };
}
