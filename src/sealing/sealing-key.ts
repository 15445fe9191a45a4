// A sealing key as plain data, so that it can be handed to another thread, and the keys that are derived from it.

import { createHmac, hkdfSync } from 'node:crypto';

/** A root key. The first of several seals, all of them open. */
export interface SealingKey {
  /** Named in everything it sealed. */
  readonly id: string;
  /** 32 bytes, base64url. Secret. */
  readonly secret: string;
}

/** Length of root keys and of derived ones. */
export const SEALING_KEY_BYTES = 32;

/** HKDF-SHA-256 (RFC 5869): one key for one purpose, so that what was sealed for one opens for no other. */
export function deriveKey({ secret }: SealingKey, purpose: string): Buffer {
  return Buffer.from(
    hkdfSync('sha256', Buffer.from(secret, 'base64url'), '', `gatehouse ${purpose}`, SEALING_KEY_BYTES),
  );
}

/** A fresh key for each value: random nonces alone would run out of safety after some 2^32 of them (NIST SP 800-38D §8.3). */
export function deriveValueKey(key: Buffer, salt: Buffer): Buffer {
  return createHmac('sha256', key).update(salt).digest();
}
