// Takes a credential apart before any crypto: is it a JWT, and is it spelled in the one way that RFC 7515 allows?
// Proves nothing, asks nobody, and never puts any part of the credential into evidence.

import { hash } from 'node:crypto';
import { deny, isRefusal, type Refusal } from '../../domain/decision.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { UnprovedToken } from '../../domain/token.ts';
import { canonicalBytes } from './canonical-bytes.ts';
import { type HeaderReading, readHeader } from './read-header.ts';
import { readJson } from './read-json.ts';

/**
 * A JWT taken apart, an opaque token, or why it is neither: `token_malformed` (spelling), `jose_header_refused` (what the header
 * asks for), `claims_malformed` (what two parsers could read differently). `alg` is judged later, with the key manager. `digest` is the
 * hex SHA-256 of the credential, where it is known already; `headerOf` is {@link readHeader} or remembers what that said.
 */
export function readToken(
  credential: string,
  digest = hash('sha256', credential, 'hex'),
  headerOf: (part: string) => HeaderReading = readHeader,
): UnprovedToken | Refusal {
  const first = credential.indexOf('.');
  const second = credential.indexOf('.', first + 1);
  const isThreeParts = first !== -1 && second !== -1 && credential.indexOf('.', second + 1) === -1;
  const head = isThreeParts ? headerOf(credential.slice(0, first)) : 'none';
  if (head === 'none') return { kind: 'opaque', text: credential, hash: digest };
  if (isRefusal(head)) return head;

  const payloadBytes = canonicalBytes(credential.slice(first + 1, second));
  if (payloadBytes === undefined)
    return deny('token_malformed', { part: 'payload', problem: 'not_canonical_base64url' });
  const signature = canonicalBytes(credential.slice(second + 1));
  if (signature === undefined)
    return deny('token_malformed', { part: 'signature', problem: 'not_canonical_base64url' });
  if (signature.length === 0) return deny('token_malformed', { part: 'signature', problem: 'empty' });

  const payload = readJson(payloadBytes);
  if ('problem' in payload) {
    const isText = payload.problem !== 'not_utf8' && payload.problem !== 'not_json';
    return deny(isText ? 'claims_malformed' : 'token_malformed', { part: 'payload', problem: payload.problem });
  }
  if (!isJsonObject(payload.value)) return deny('token_malformed', { part: 'payload', problem: 'not_an_object' });
  const claims = payload.value;
  const issuer = Object.hasOwn(claims, 'iss') && typeof claims['iss'] === 'string' ? claims['iss'] : undefined;
  return { kind: 'jwt', text: credential, hash: digest, header: head.header, claims, issuer };
}
