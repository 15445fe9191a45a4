// Reads a JWKS document (RFC 7517 §5) as servers really send it: keys of no use here are skipped, and one bad key spoils nothing;
// a document of keys none of which is usable is no key set and replaces none. An empty list is one: a server's way to withdraw all.

import { createHash, createPublicKey, type JsonWebKey } from 'node:crypto';
import { isJsonObject } from '../../domain/json-object.ts';
import { type KeySet, keySetOf } from './key-set.ts';
import { type KeyProblem, type VerificationKey, verificationKeyOf } from './verification-key.ts';

/** Bounds the time of an import; the longest sets of real servers have some thirty keys. */
const MAX_KEYS = 100;

/**
 * Longest members that are looked at, in characters: a document within its size limit must not be one huge number or name.
 * `n` has room for 8192 bits, `x` and `y` for the longest curve (P-521), `e` for more than any exponent that is taken.
 */
const MAX_MEMBER_CHARS: Readonly<Record<string, number>> = {
  ...{ kty: 16, crv: 16, use: 16, alg: 32 },
  ...{ n: 1400, e: 8, x: 100, y: 100 },
  ...{ kid: 2048, x5t: 128, 'x5t#S256': 128, issuer: 2048 },
};
/** The longest certificate in `x5c` whose digests are worked out; those of real servers stay below 4096. */
const MAX_CERTIFICATE_CHARS = 32_768;

/** Why a document is no key set. */
export interface KeySetProblem {
  readonly problem: 'not_json' | 'no_keys_array' | 'too_many_keys' | 'no_usable_key';
  /** How many keys were refused, by reason. */
  readonly refused: Readonly<Partial<Record<KeyProblem, number>>>;
}

/** RFC 7517 §4.2; SPIFFE's bundles say `jwt-svid` for keys that sign tokens. */
const SIGNING_USES: readonly unknown[] = [undefined, 'sig', 'jwt-svid'];
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];

/** The usable keys of a JWKS document, or why there are none. */
export function importJwks(text: string): KeySet | KeySetProblem {
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch {
    return { problem: 'not_json', refused: {} };
  }
  const entries: unknown = isJsonObject(document) ? document['keys'] : undefined;
  if (!Array.isArray(entries)) return { problem: 'no_keys_array', refused: {} };
  if (entries.length > MAX_KEYS) return { problem: 'too_many_keys', refused: {} };
  const refused: Partial<Record<KeyProblem, number>> = {};
  const keys: VerificationKey[] = [];
  for (const entry of entries) {
    const key = importJwk(entry);
    if (typeof key === 'string') refused[key] = (refused[key] ?? 0) + 1;
    else keys.push(key);
  }
  return keys.length === 0 && entries.length > 0 ? { problem: 'no_usable_key', refused } : keySetOf(keys);
}

/** Filters by what is said of the key, then takes it through the gate. */
function importJwk(entry: unknown): VerificationKey | KeyProblem {
  if (!isJsonObject(entry)) return 'not_a_public_key';
  const { kty, crv, n, e, x, y, use, alg, kid, x5c, issuer, key_ops: operations } = entry;
  if (Object.entries(MAX_MEMBER_CHARS).some(([name, limit]) => lengthOf(entry[name]) > limit)) return 'member_too_long';
  // A published private or symmetric key is one that anybody may sign with.
  if (PRIVATE_MEMBERS.some((member) => Object.hasOwn(entry, member))) return 'not_a_public_key';
  if (!SIGNING_USES.includes(use)) return 'not_for_signatures';
  if (operations !== undefined && !(Array.isArray(operations) && operations.includes('verify')))
    return 'not_for_signatures';
  if (alg !== undefined && typeof alg !== 'string') return 'unknown_algorithm';
  const encoded: unknown = Array.isArray(x5c) ? x5c[0] : undefined;
  if (lengthOf(encoded) > MAX_CERTIFICATE_CHARS) return 'member_too_long';
  const certificate = typeof encoded === 'string' ? Buffer.from(encoded, 'base64') : undefined;
  try {
    const publicKey = createPublicKey({ key: { kty, crv, n, e, x, y } as JsonWebKey, format: 'jwk' });
    return verificationKeyOf(publicKey, {
      kid: typeof kid === 'string' ? kid : undefined,
      alg,
      x5t: certificateDigest(entry['x5t'], certificate, 'sha1'),
      x5tS256: certificateDigest(entry['x5t#S256'], certificate, 'sha256'),
      issuer: typeof issuer === 'string' ? issuer : undefined,
    });
  } catch {
    return 'unknown_kind';
  }
}

function lengthOf(value: unknown): number {
  return typeof value === 'string' ? value.length : 0;
}

function certificateDigest(
  declared: unknown,
  certificate: Uint8Array | undefined,
  hash: 'sha1' | 'sha256',
): string | undefined {
  if (typeof declared === 'string') return declared;
  return certificate && createHash(hash).update(certificate).digest('base64url');
}
