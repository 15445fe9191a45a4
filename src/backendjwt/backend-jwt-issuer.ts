// Issues the JWT by which an upstream knows who calls (WSO2's backend JWT). One is used again for as long as everything that it rests on is
// the same: the very token decision, the rows of API, application and subscription, the signing key. It never outlives the token.

import { LRUCache } from 'lru-cache';
import type { Admission, Assertions } from '../authorize/ports.ts';
import { deny, fault, type Known, type Refusal } from '../domain/decision.ts';
import type { TokenFacts } from '../domain/token.ts';
import { backendJwtClaims, type ClaimOptions } from './backend-jwt-claims.ts';
import type { Signer } from './signing-key.ts';

/** Object headers, key and times of an entry, roughly. */
const ENTRY_OVERHEAD_BYTES = 256;

/** How JWTs are made. */
export interface BackendJwtOptions extends ClaimOptions {
  /** `base64` is WSO2's: the standard alphabet, without padding. */
  readonly encoding: 'base64url' | 'base64';
  readonly ttlSeconds: number;
  readonly maxBytes: number;
  /** What becomes of a request whose JWT is larger. */
  readonly onTooLarge: 'skip' | 'deny';
  readonly cacheBytes: number;
  readonly currentKey: () => Signer;
  /** Signing takes its time from the same budget as a token's first proof. */
  readonly admission: Pick<Admission, 'prove'>;
  /** Milliseconds of any origin. */
  readonly stopwatch: () => number;
  readonly newId: () => string;
}

interface Issued {
  /** Undefined: it was too large. */
  readonly jwt: string | undefined;
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

/** Issues and remembers. */
export class BackendJwtIssuer implements Assertions {
  readonly #options: BackendJwtOptions;
  readonly #issued: LRUCache<string, Issued>;
  /** A number for each token decision in use: another decision about the same token is another number. */
  readonly #numbers = new WeakMap<TokenFacts, number>();
  readonly #texts = new WeakMap<object, string>();
  #nextNumber = 1;

  constructor(options: BackendJwtOptions) {
    this.#options = options;
    this.#issued = new LRUCache({
      maxSize: options.cacheBytes,
      sizeCalculation: ({ jwt = '' }, key) => jwt.length + key.length + ENTRY_OVERHEAD_BYTES,
    });
  }

  /** The JWT for an allowed caller; undefined where none is sent. */
  assertionFor(known: Readonly<Known>, nowMs: number): string | Refusal | undefined {
    const { token, keyManager } = known;
    if (token === undefined || keyManager === undefined) return undefined;
    const key = this.#options.currentKey();
    const name = this.#nameOf(known, token, key);
    const held = this.#issued.get(name);
    if (held !== undefined && nowMs < held.renewAtMs) return this.#told(held);
    const leave = this.#options.admission.prove(keyManager.id, nowMs);
    if (leave.kind === 'refused') {
      if (held !== undefined && nowMs < held.expiresAtMs) return this.#told(held);
      return fault('key_manager_limit_reached', { key_manager: keyManager.name, limit: 'signing' });
    }
    const startedMs = this.#options.stopwatch();
    const issued = this.#issue(known, token, key, nowMs);
    leave.done('ok', this.#options.stopwatch() - startedMs);
    this.#issued.set(name, issued);
    return this.#told(issued);
  }

  #told({ jwt }: Issued): string | Refusal | undefined {
    if (jwt !== undefined || this.#options.onTooLarge === 'skip') return jwt;
    return deny('assertion_too_large', { limit_bytes: this.#options.maxBytes });
  }

  #issue(known: Readonly<Known>, token: TokenFacts, key: Signer, nowMs: number): Issued {
    const { encoding, maxBytes, newId, ttlSeconds } = this.#options;
    const now = Math.floor(nowMs / 1000);
    const expiresAt = Math.min(now + ttlSeconds, Math.floor(token.expiresAt));
    // A token that only the tolerance for clocks lets in has ended already.
    const issuedAt = Math.min(now, expiresAt);
    const claims = backendJwtClaims(known, { issuedAt, expiresAt, jti: newId() }, this.#options);
    const encode = (part: object) => encoded(Buffer.from(JSON.stringify(part)), encoding);
    const signed = `${encode({ typ: 'JWT', alg: key.algorithm, kid: key.id })}.${encode(claims)}`;
    const expiresAtMs = expiresAt * 1000;
    // One that lives as long as its token cannot be had any longer; of others the last quarter is left to who is on the way.
    const renewAtMs = expiresAt < now + ttlSeconds ? Number.POSITIVE_INFINITY : nowMs + ttlSeconds * 750;
    // Not signed in vain: a signature only adds to it.
    if (signed.length > maxBytes) return { jwt: undefined, renewAtMs, expiresAtMs };
    const jwt = `${signed}.${encoded(key.sign(signed), encoding)}`;
    return { jwt: jwt.length > maxBytes ? undefined : jwt, renewAtMs, expiresAtMs };
  }

  #nameOf(known: Readonly<Known>, token: TokenFacts, key: Signer): string {
    const { api, application, subscription, keyType } = known;
    let number = this.#numbers.get(token);
    if (number === undefined) {
      number = this.#nextNumber++;
      this.#numbers.set(token, number);
    }
    // Counts of writes are not enough: a source that was restored counts on from where the copy was made, to other rows.
    return JSON.stringify([
      number,
      ...[api?.id, api?.revision, api?.name, api?.version, api?.context],
      ...[application?.id, application?.version, application?.name, application?.owner, application?.policy],
      application && this.#textOf(application.attributes),
      ...[subscription?.id, subscription?.version, subscription?.policy],
      ...[keyType, key.id],
    ]);
  }

  /** Attributes are the same object for as long as they are the same. */
  #textOf(attributes: object): string {
    let text = this.#texts.get(attributes);
    if (text === undefined) {
      text = JSON.stringify(attributes);
      this.#texts.set(attributes, text);
    }
    return text;
  }
}

function encoded(bytes: Buffer, encoding: BackendJwtOptions['encoding']): string {
  return encoding === 'base64url' ? bytes.toString('base64url') : bytes.toString('base64').replace(/=+$/, '');
}
