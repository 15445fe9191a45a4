// What a JWT says, judged by the key manager's settings: types, times, kind, client, scopes, sender constraint. Needs no key, and
// so runs before the signature is checked; nothing of it counts until a key of the key manager has proved the token.

import { deny, isRefusal, type Refusal } from '../domain/decision.ts';
import { isJsonObject } from '../domain/json-object.ts';
import { type KeyManager, TOKEN_PROFILES } from '../domain/key-manager.ts';
import type { TokenFacts, UnprovedJwt } from '../domain/token.ts';
import { checkKind } from './check-kind.ts';
import { checkTimes } from './check-times.ts';
import { claimValue, isPlainText } from './claim-value.ts';
import { findClient } from './find-client.ts';

/** All of {@link TokenFacts} but the key that is still to prove it. */
export type ClaimedFacts = Omit<TokenFacts, 'keyThumbprint'>;

type Claims = Readonly<Record<string, unknown>>;

/** The token's facts, or the first thing that speaks against it. */
export function readClaims(token: UnprovedJwt, keyManager: KeyManager, nowMs: number): ClaimedFacts | Refusal {
  const { claims } = token;
  const kind = checkKind(token, keyManager);
  if (isRefusal(kind)) return kind;
  const problem = issuerProblem(token, keyManager) ?? claimsProblem(claims, keyManager);
  if (problem !== undefined) return problem;
  const times = {
    expiresAt: claims['exp'] as number,
    notBefore: ownClaim(claims, 'nbf') as number | undefined,
    issuedAt: ownClaim(claims, 'iat') as number | undefined,
  };
  const timely = checkTimes(times, keyManager, nowMs);
  if (isRefusal(timely)) return timely;
  const client = findClient(claims, keyManager.consumerKeyClaims);
  if (isRefusal(client)) return client;
  const scopes = readScopes(claims, keyManager.scopesClaims);
  if (isRefusal(scopes)) return scopes;
  const binding = readBinding(ownClaim(claims, 'cnf'));
  if (isRefusal(binding)) return binding;
  const audience = ownClaim(claims, 'aud') as string | readonly string[] | undefined;
  return {
    ...times,
    ...binding,
    keyManagerId: keyManager.id,
    keyId: ownClaim(token.header, 'kid') as string | undefined,
    claims: {},
    issuer: token.issuer,
    subject: ownClaim(claims, 'sub') as string | undefined,
    jti: ownClaim(claims, 'jti') as string | undefined,
    consumerKey: client.consumerKey,
    scopes: scopes.scopes,
    audiences: typeof audience === 'string' ? [audience] : (audience ?? []),
  };
}

/** The caller has chosen the key manager by issuer; a slip there must not make its keys vouch for another's tokens. */
function issuerProblem(token: UnprovedJwt, keyManager: KeyManager): Refusal | undefined {
  if (token.issuer === undefined) return keyManager.issuers.length === 0 ? undefined : deny('issuer_missing');
  return keyManager.issuers.includes(token.issuer)
    ? undefined
    : deny('issuer_unknown', { key_manager: keyManager.name });
}

/** Presence by profile, then the types of RFC 7519 §4.1, whatever the profile. */
function claimsProblem(claims: Claims, keyManager: KeyManager): Refusal | undefined {
  const { requiredClaims } = TOKEN_PROFILES[keyManager.profile];
  const missing = ['exp', ...requiredClaims].find(
    // A key manager without an issuer takes only tokens without one.
    (name) => !Object.hasOwn(claims, name) && !(name === 'iss' && keyManager.issuers.length === 0),
  );
  if (missing !== undefined)
    return deny('claims_malformed', { claim: missing, problem: 'missing', profile: keyManager.profile });
  const wrong =
    ['iss', 'sub', 'jti'].find((name) => Object.hasOwn(claims, name) && !isPlainText(claims[name])) ??
    ['exp', 'nbf', 'iat'].find((name) => Object.hasOwn(claims, name) && !isNumericDate(claims[name])) ??
    (Object.hasOwn(claims, 'aud') && !isAudience(claims['aud']) ? 'aud' : undefined) ??
    (claims['exp'] === 0 ? 'exp' : undefined);
  if (wrong !== undefined) return deny('claims_malformed', { claim: wrong, problem: 'wrong_type' });
  const early = ['nbf', 'iat'].find(
    (name) => ((ownClaim(claims, name) as number | undefined) ?? 0) > (claims['exp'] as number),
  );
  return early === undefined ? undefined : deny('claims_malformed', { claim: early, problem: 'after_exp' });
}

/** JSON may spell numbers that a double cannot hold (`1e999`, 2^63/1000); comparing those with a clock would be a guess. */
function isNumericDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}

function isAudience(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
}

/** The first listed claim that is present: a space-separated string (RFC 8693 §4.2) or a list of strings. */
function readScopes(claims: Claims, names: readonly string[]): { readonly scopes: readonly string[] } | Refusal {
  for (const name of names) {
    const value = claimValue(claims, name);
    if (value === undefined) continue;
    const scopes: unknown[] = typeof value === 'string' ? value.split(' ') : Array.isArray(value) ? value : [null];
    if (!scopes.every(isPlainText)) return deny('claims_malformed', { claim: name, problem: 'not_scopes' });
    return { scopes: scopes.filter((scope) => scope !== '') };
  }
  return { scopes: [] };
}

/** RFC 8705 §3.1 is the one sender constraint that can be checked here; any other must never be read as a bearer token. */
function readBinding(cnf: unknown): { readonly certificateThumbprint: string | undefined } | Refusal {
  if (cnf === undefined) return { certificateThumbprint: undefined };
  const members = isJsonObject(cnf) ? Object.keys(cnf) : [];
  const thumbprint = isJsonObject(cnf) && Object.hasOwn(cnf, 'x5t#S256') ? cnf['x5t#S256'] : undefined;
  if (members.length === 1 && typeof thumbprint === 'string' && /^[A-Za-z0-9_-]{43}$/.test(thumbprint))
    return { certificateThumbprint: thumbprint };
  return deny('sender_constrained_unsupported', { cnf: members.slice(0, 8).map((name) => name.slice(0, 32)) });
}

function ownClaim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
