// Takes a credential apart before any crypto: is it a JWT, and is it spelled in the one way that RFC 7515 allows?
// Proves nothing, asks nobody, and never puts any part of the credential into evidence.

import { hash } from 'node:crypto';
import { deny, type Refusal } from '../domain/decision.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { UnprovedToken } from '../domain/token.ts';
import { readJson } from './read-json.ts';

/** Longest `kid`; those of real servers are digests or names below 100 characters, a longer one is an attack on look-ups. */
const MAX_KID_CHARACTERS = 256;

/**
 * A JWT taken apart, an opaque token, or why it is neither: `token_malformed` (spelling), `jose_header_refused` (what the header
 * asks for), `claims_malformed` (what two parsers could read differently). `alg` is judged later, with the key manager. `digest` is the
 * hex SHA-256 of the credential, where it is known already.
 */
export function readToken(credential: string, digest = digestOf(credential)): UnprovedToken | Refusal {
  const first = credential.indexOf('.');
  const second = credential.indexOf('.', first + 1);
  const isThreeParts = first !== -1 && second !== -1 && credential.indexOf('.', second + 1) === -1;
  if (!isThreeParts || !looksLikeJose(credential.slice(0, first)))
    return { kind: 'opaque', text: credential, hash: digest };

  const headerBytes = canonicalBytes(credential.slice(0, first));
  if (headerBytes === undefined) return deny('token_malformed', { part: 'header', problem: 'not_canonical_base64url' });
  const payloadBytes = canonicalBytes(credential.slice(first + 1, second));
  if (payloadBytes === undefined)
    return deny('token_malformed', { part: 'payload', problem: 'not_canonical_base64url' });
  const signature = canonicalBytes(credential.slice(second + 1));
  if (signature === undefined)
    return deny('token_malformed', { part: 'signature', problem: 'not_canonical_base64url' });
  if (signature.length === 0) return deny('token_malformed', { part: 'signature', problem: 'empty' });

  const header = readJson(headerBytes);
  if ('problem' in header) return deny('jose_header_refused', { problem: header.problem });
  if (!isJsonObject(header.value)) return deny('jose_header_refused', { problem: 'not_an_object' });
  const refused = refusedMember(header.value);
  if (refused !== undefined) return deny('jose_header_refused', { problem: 'member', member: refused });

  const payload = readJson(payloadBytes);
  if ('problem' in payload) {
    const isText = payload.problem !== 'not_utf8' && payload.problem !== 'not_json';
    return deny(isText ? 'claims_malformed' : 'token_malformed', { part: 'payload', problem: payload.problem });
  }
  if (!isJsonObject(payload.value)) return deny('token_malformed', { part: 'payload', problem: 'not_an_object' });
  const claims = payload.value;
  const issuer = Object.hasOwn(claims, 'iss') && typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
  return { kind: 'jwt', text: credential, hash: digest, header: header.value, claims, issuer };
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

/** The only spelling of its bytes: right alphabet, no padding, possible length, unused bits zero. Otherwise undefined. */
function canonicalBytes(part: string): Uint8Array | undefined {
  const bytes = Buffer.from(part, 'base64url');
  return bytes.toString('base64url') === part ? bytes : undefined;
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

function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
