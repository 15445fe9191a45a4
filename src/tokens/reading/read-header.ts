// Reads the first part of what may be a JWT: is there a JOSE header, is it spelled in the one way that RFC 7515 allows, and does it
// ask for anything that is not understood here? What it says is judged later.

import { deny, type Refusal } from '../../domain/decision.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import { canonicalBytes } from './canonical-bytes.ts';
import { readJson } from './read-json.ts';

/** Longest `kid`; those of real servers are digests or names below 100 characters, a longer one is an attack on look-ups. */
const MAX_KID_CHARACTERS = 256;

/** A header apart from what its members may be called, why it is refused, or that there is none. */
export type HeaderReading = { readonly header: UnprovedJwt['header'] } | Refusal | 'none';

/** Reads a header. Pure: equal parts, equal readings. */
export function readHeader(part: string): HeaderReading {
  if (!looksLikeJose(part)) return 'none';
  const bytes = canonicalBytes(part);
  if (bytes === undefined) return deny('token_malformed', { part: 'header', problem: 'not_canonical_base64url' });
  const header = readJson(bytes);
  if ('problem' in header) return deny('jose_header_refused', { problem: header.problem });
  if (!isJsonObject(header.value)) return deny('jose_header_refused', { problem: 'not_an_object' });
  const refused = refusedMember(header.value);
  return refused === undefined
    ? { header: header.value }
    : deny('jose_header_refused', { problem: 'member', member: refused });
}

/** Judged leniently: a misspelled JWT is a malformed JWT, not somebody's opaque token. */
function looksLikeJose(part: string): boolean {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString('utf8'));
    return isJsonObject(header) && Object.hasOwn(header, 'alg') && typeof header['alg'] === 'string';
  } catch {
    return false;
  }
}

/** `jwk`, `jku`, `x5u` and `x5c` are in good tokens of real servers; they are never used, and so no reason to refuse. */
function refusedMember(header: Readonly<Record<string, unknown>>): string | undefined {
  const has = (name: string) => Object.hasOwn(header, name);
  if (has('crit')) return 'crit';
  if (has('b64') && header['b64'] !== true) return 'b64';
  // ForgeRock writes "NONE" into every token; anything else means compressed content (RFC 8725 §3.6).
  if (has('zip') && header['zip'] !== 'NONE') return 'zip';
  if (has('kid') && !isKid(header['kid'])) return 'kid';
  if (has('typ') && typeof header['typ'] !== 'string') return 'typ';
  return undefined;
}

function isKid(kid: unknown): boolean {
  return typeof kid === 'string' && kid.length > 0 && kid.length <= MAX_KID_CHARACTERS;
}
