// Proves a caller's credential: a static token by its hash, in the same time whatever it is, or an access token by the injected
// validator. It never says why a credential is wrong.

import { createHash, timingSafeEqual } from 'node:crypto';
import type { ProvedAdmin } from '../../authorize/prove-admin.ts';
import { type AdminCaller, type AdminCredential, callerOfToken } from './admin-caller.ts';
import type { BackOff } from './back-off.ts';

// RFC 6750 §2.1, with RFC 9110's case-insensitive scheme; longer than any access token that a server sends in a header.
const BEARER = /^bearer +([A-Za-z0-9\-._~+/]{1,16384}=*)$/i;
// RFC 7617 §2. A name and a token are far shorter.
const BASIC = /^basic +([A-Za-z0-9+/]{1,2048}={0,2})$/i;
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

/** The caller behind an `Authorization` value that came from an address. Basic, the name and the token of a credential, only where `takesBasic`. */
export async function authenticate(
  authorization: string | undefined,
  address: string,
  nowMs: number,
  takesBasic: boolean,
  { credentials, proveCaller, backOff }: Authenticator,
): Promise<Authenticated> {
  if (authorization === undefined) return { kind: 'missing' };
  const token = BEARER.exec(authorization)?.[1];
  const basic = takesBasic ? basicCredential(authorization) : undefined;
  const caller = callerOfStaticToken(basic?.token ?? token, basic?.name, credentials);
  // A right static token is never held up, so nobody can lock an admin out by guessing from the same address.
  if (caller !== undefined) return { kind: 'caller', caller };
  const heldMs = backOff.heldMs(address, nowMs);
  if (heldMs > 0) return { kind: 'held', retryAfterSeconds: Math.ceil(heldMs / 1000) };
  const proved = token !== undefined && JWT.test(token) ? await proveCaller(token) : undefined;
  if (proved !== undefined) return { kind: 'caller', caller: callerOfToken(proved) };
  backOff.failed(address, nowMs);
  return { kind: 'wrong' };
}

/** Name and token; the first colon parts them. */
function basicCredential(authorization: string): { readonly name: string; readonly token: string } | undefined {
  const encoded = BASIC.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon === -1 ? undefined : { name: text.slice(0, colon), token: text.slice(colon + 1) };
}

/** Compares with every credential, found or not, so that the time tells nothing. WSO2 callers write `name@organization` too. */
function callerOfStaticToken(
  token: string | undefined,
  name: string | undefined,
  credentials: readonly AdminCredential[],
): AdminCaller | undefined {
  if (token === undefined) return undefined;
  const digest = createHash('sha256').update(token).digest();
  let found: AdminCredential | undefined;
  for (const credential of credentials) {
    const expected = Buffer.from(credential.sha256, 'hex');
    if (expected.length === digest.length && timingSafeEqual(expected, digest)) found = credential;
  }
  if (found === undefined) return undefined;
  const { organization, rights, roles } = found;
  if (name !== undefined && name !== found.name && name !== `${found.name}@${organization}`) return undefined;
  return { name: found.name, organization, rights, roles };
}
