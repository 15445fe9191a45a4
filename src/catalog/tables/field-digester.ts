// Digests of the fields of a catalog document's entry, to tell later what was changed. Keyed, so that none of them tells whether a
// guess at a secret is right.

import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import { joinSecrets } from '../../domain/secret-fields.ts';
import { fingerprint } from '../../sealing/secret-sealer.ts';

/** An entry's content by field; values are JSON, or a {@link SecretField}. */
export type Fields = Readonly<Record<string, unknown>>;

/** Digest of each field of an entry, as kept from the last application. */
export type FieldDigests = Readonly<Record<string, string>>;

/** Tells a digest from the unkeyed ones of the first schema, which fields without secrets keep until the document changes. */
const KEYED = 'k:';

/** A field with secrets in it: masked, and the secrets by JSON pointer into the field. */
export class SecretField {
  readonly masked: unknown;
  readonly secrets: Readonly<Record<string, string>>;

  constructor(masked: unknown, secrets: Readonly<Record<string, string>>) {
    this.masked = masked;
    this.secrets = secrets;
  }
}

/** Makes and compares the digests of one entry; equal values of two entries have different ones. */
export class FieldDigester {
  readonly #key: string;
  readonly #entry: readonly string[];

  /** `key`: see `newFingerprintKey`. */
  constructor(key: string, entry: readonly string[]) {
    this.#key = key;
    this.#entry = entry;
  }

  /** A digest for each field that is present. */
  digestsOf(fields: Fields): FieldDigests {
    return Object.fromEntries(
      Object.entries(fields).flatMap(([name, value]) => {
        const digest = this.#digest(name, value);
        return digest === undefined ? [] : [[name, digest]];
      }),
    );
  }

  /** True when the digest is that of the value; absence has none. */
  matches(digest: string | undefined, name: string, value: unknown): boolean {
    if (digest === undefined || digest.startsWith(KEYED)) return digest === this.#digest(name, value);
    const text = canonicalJson(whole(value));
    return text !== undefined && digest === createHash('sha256').update(text).digest('base64url');
  }

  #digest(name: string, value: unknown): string | undefined {
    const text = canonicalJson(whole(value));
    return text === undefined ? undefined : KEYED + fingerprint(this.#key, [...this.#entry, name], text);
  }
}

function whole(value: unknown): unknown {
  return value instanceof SecretField ? joinSecrets(value.masked, value.secrets) : value;
}
