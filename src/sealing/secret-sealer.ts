// Seals secrets at rest: each text opens in its own row and field only. Also marks texts so that equal ones can be told without keeping
// anything that a guess could be tried on.

import { createHmac, randomBytes } from 'node:crypto';
import { Envelopes, lengthPrefixed } from './envelope.ts';
import { SEALING_KEY_BYTES, type SealingKey } from './sealing-key.ts';

/** Seals texts at rest. */
export class SecretSealer {
  readonly #envelopes: Envelopes;

  /** The first key seals, all open. */
  constructor(keys: readonly SealingKey[]) {
    this.#envelopes = new Envelopes(keys, 'secrets at rest');
  }

  /** `place`: table, row, field. */
  seal(text: string, place: readonly string[]): string {
    return this.#envelopes.seal(Buffer.from(text), place);
  }

  /** Undefined for a damaged or moved envelope, and for one of an unknown key. */
  open(envelope: string, place: readonly string[]): string | undefined {
    return this.#envelopes.open(envelope, place)?.toString();
  }

  /** False when it should be sealed anew with the first key. */
  isCurrent(envelope: string): boolean {
    return this.#envelopes.isCurrent(envelope);
  }
}

/** A key for {@link fingerprint}, to be kept sealed: unlike sealing keys it never changes, so that fingerprints can be compared for good. */
export function newFingerprintKey(): string {
  return randomBytes(SEALING_KEY_BYTES).toString('base64url');
}

/** HMAC-SHA-256 of a text within its place, base64url. Without the key no guess at the text can be checked. */
export function fingerprint(key: string, place: readonly string[], text: string): string {
  return createHmac('sha256', Buffer.from(key, 'base64url'))
    .update(lengthPrefixed([...place, text]))
    .digest('base64url');
}
