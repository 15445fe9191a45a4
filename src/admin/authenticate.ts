// Proves a caller's bearer credential: a static token by its hash, in the same time whatever it is, or an access token by the
// injected validator. It never says why a credential is wrong.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { ProvedAdmin } from '../authorize/prove-admin.ts';
import { type AdminCaller, type AdminCredential, callerOfToken } from './admin-caller.ts';
import type { BackOff } from './back-off.ts';

// RFC 6750 §2.1, with RFC 9110's case-insensitive scheme; longer than any access token that a server sends in a header.
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]{1,16384}=*)$/i;
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;

/** What a credential turned out to be; `held` callers failed too often and come again after so many seconds. */
export type Authenticated =
  | { readonly kind: 'caller'; readonly caller: AdminCaller }
  | { readonly kind: 'missing' }
  | { readonly kind: 'wrong' }
  | { readonly kind: 'held'; readonly retryAfterSeconds: number };

/** What authentication needs. */
export interface Authenticator {
  readonly credentials: readonly AdminCredential[];
  /** Proves an access token of a key manager that is marked for admin. */
  readonly proveCaller: (bearer: string) => Promise<ProvedAdmin | undefined>;
  readonly backOff: BackOff;
}

/** The caller behind an `Authorization` value that came from an address. */
export async function authenticate(
  authorization: string | undefined,
  address: string,
  nowMs: number,
  { credentials, proveCaller, backOff }: Authenticator,
): Promise<Authenticated> {
  if (authorization === undefined) return { kind: 'missing' };
  const token = BEARER.exec(authorization)?.[1];
  const caller = token === undefined ? undefined : callerOfStaticToken(token, credentials);
  // A right static token is never held up, so nobody can lock an admin out by guessing from the same address.
  if (caller !== undefined) return { kind: 'caller', caller };
  const heldMs = backOff.heldMs(address, nowMs);
  if (heldMs > 0) return { kind: 'held', retryAfterSeconds: Math.ceil(heldMs / 1000) };
  const proved = token !== undefined && JWT.test(token) ? await proveCaller(token) : undefined;
  if (proved !== undefined) return { kind: 'caller', caller: callerOfToken(proved) };
  backOff.failed(address, nowMs);
  return { kind: 'wrong' };
}

/** Compares with every credential, found or not, so that the time tells nothing. */
function callerOfStaticToken(token: string, credentials: readonly AdminCredential[]): AdminCaller | undefined {
  const digest = createHash('sha256').update(token).digest();
  let found: AdminCredential | undefined;
  for (const credential of credentials) {
    const expected = Buffer.from(credential.sha256, 'hex');
    if (expected.length === digest.length && timingSafeEqual(expected, digest)) found = credential;
  }
  return found && { name: found.name, organization: found.organization, rights: found.rights, roles: found.roles };
}
