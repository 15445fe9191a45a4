// What a token is revoked by, however it is spelled: an issuer that is asked about a token may read more generously than we do, so a
// spelling that nobody revoked must not be another token.

import { hash } from 'node:crypto';
import { isJsonObject } from '../domain/json-object.ts';
import type { UnprovedToken } from '../domain/token.ts';

/**
 * Hex SHA-256: of a JWT its signing input, since an ECDSA signature can be spelled anew by anyone; of any other token the whole of it. A
 * text that begins like a JWT and has parts too many is revoked with it, and a JWE in every spelling of its base64url.
 */
export function revocationHash({ kind, text, hash: ofText }: Pick<UnprovedToken, 'kind' | 'text' | 'hash'>): string {
  if (kind === 'jwt') return digestOf(text.slice(0, text.lastIndexOf('.')));
  const parts = text.split('.');
  const header = parts.length <= 2 ? undefined : joseHeader(parts[0] ?? '');
  if (header === undefined) return ofText;
  // RFC 7516 §4.1.2: what has `enc` is encrypted, and has five parts.
  const named = Object.hasOwn(header, 'enc') ? parts.slice(0, 5) : parts.slice(0, 2);
  return digestOf(named.map(canonical).join('.'));
}

function joseHeader(part: string): object | undefined {
  try {
    const header: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return isJsonObject(header) ? header : undefined;
  } catch {
    return undefined;
  }
}

function canonical(part: string): string {
  return Buffer.from(part, 'base64url').toString('base64url');
}

function digestOf(text: string): string {
  return hash('sha256', text, 'hex');
}
