// The envelope of every sealed value: AES-256-GCM under a key of its own, bound to where the value belongs. Text in, text out.

import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKey, deriveValueKey, type SealingKey } from './sealing-key.ts';

const ALGORITHM = 'aes-256-gcm';
/** First part of an envelope; another form gets another number. */
const FORM = '1';
const SALT_BYTES = 16;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ENVELOPE = /^1:([A-Za-z0-9._-]{1,32}):([A-Za-z0-9_-]+)$/;

/** Seals and opens values of one purpose. */
export class Envelopes {
  readonly #keys: ReadonlyMap<string, Buffer>;
  readonly #currentId: string;

  /** At least one key; the first seals. */
  constructor(keys: readonly SealingKey[], purpose: string) {
    const [current] = keys;
    if (current === undefined) throw new Error('there is no sealing key');
    this.#currentId = current.id;
    this.#keys = new Map(keys.map((key) => [key.id, deriveKey(key, purpose)]));
  }

  /** `place` says where the value belongs: it opens nowhere else. */
  seal(value: Uint8Array, place: readonly string[]): string {
    const key = this.#keys.get(this.#currentId) ?? Buffer.alloc(0);
    const salt = randomBytes(SALT_BYTES);
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(ALGORITHM, deriveValueKey(key, salt), nonce, { authTagLength: TAG_BYTES });
    cipher.setAAD(lengthPrefixed([FORM, this.#currentId, ...place]));
    const sealed = Buffer.concat([salt, nonce, cipher.update(value), cipher.final(), cipher.getAuthTag()]);
    return `${FORM}:${this.#currentId}:${sealed.toString('base64url')}`;
  }

  /** The value; undefined for everything that was not sealed with one of the keys for exactly this place. */
  open(envelope: string, place: readonly string[]): Buffer | undefined {
    const [, keyId = '', text = ''] = ENVELOPE.exec(envelope) ?? [];
    const key = this.#keys.get(keyId);
    const bytes = Buffer.from(text, 'base64url');
    if (key === undefined || bytes.length < SALT_BYTES + NONCE_BYTES + TAG_BYTES) return undefined;
    // One text for one envelope: spare bits of the last character must not make a second one.
    if (bytes.toString('base64url') !== text) return undefined;
    const nonce = bytes.subarray(SALT_BYTES, SALT_BYTES + NONCE_BYTES);
    const valueKey = deriveValueKey(key, bytes.subarray(0, SALT_BYTES));
    try {
      const decipher = createDecipheriv(ALGORITHM, valueKey, nonce, { authTagLength: TAG_BYTES });
      decipher.setAAD(lengthPrefixed([FORM, keyId, ...place]));
      decipher.setAuthTag(bytes.subarray(-TAG_BYTES));
      return Buffer.concat([decipher.update(bytes.subarray(SALT_BYTES + NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
    } catch {
      return undefined;
    }
  }

  /** False for one that another key than the first has sealed. */
  isCurrent(envelope: string): boolean {
    return keyIdOf(envelope) === this.#currentId;
  }
}

/** The id of the key that an envelope names; undefined for what is no envelope. */
export function keyIdOf(envelope: string): string | undefined {
  return ENVELOPE.exec(envelope)?.[1];
}

/** Texts joined so that no other list of texts gives the same bytes. */
export function lengthPrefixed(parts: readonly string[]): Buffer {
  return Buffer.concat(
    parts.flatMap((part) => {
      const bytes = Buffer.from(part);
      const length = Buffer.alloc(4);
      length.writeUInt32BE(bytes.length);
      return [length, bytes];
    }),
  );
}
