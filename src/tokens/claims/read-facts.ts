// What the claims of a JWT or the members of an introspection reply say about a token: types, times, client, scopes, sender
// constraint. Both are read alike and as strictly; who vouches for them is not judged here.

import { deny, isRefusal, type Refusal } from '../../domain/decision.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { TokenFacts } from '../../domain/token.ts';
import { checkLifetime, checkTimes } from './check-times.ts';
import { claimValue, isPlainText } from './claim-value.ts';
import { findClient } from './find-client.ts';
import { handedOnClaims } from './handed-on-claims.ts';
import { readScopes } from './read-scopes.ts';

/** All of {@link TokenFacts} but the key that is still to prove it. */
export type ClaimedFacts = Omit<TokenFacts, 'keyThumbprint' | 'keyId'>;

/** Where the facts stand; a JWT and an introspection reply may name them differently. */
export interface FactNames {
  readonly client: readonly string[];
  readonly scopes: readonly string[];
}

type Claims = Readonly<Record<string, unknown>>;

/** The facts, or the first thing that speaks against the token. `expiresAt` stands in for an absent `exp`; without it one must be there. */
export function readFacts(
  claims: Claims,
  names: FactNames,
  keyManager: KeyManager,
  nowMs: number,
  expiresAt?: number,
): ClaimedFacts | Refusal {
  const problem = typeProblem(claims);
  if (problem !== undefined) return problem;
  const stated = ownClaim(claims, 'exp') as number | undefined;
  const exp = stated ?? expiresAt;
  if (exp === undefined) return malformed('exp', 'missing');
  const times = {
    expiresAt: exp,
    notBefore: ownClaim(claims, 'nbf') as number | undefined,
    issuedAt: ownClaim(claims, 'iat') as number | undefined,
  };
  if ((times.notBefore ?? 0) > exp) return malformed('nbf', 'after_exp');
  if ((times.issuedAt ?? 0) > exp) return malformed('iat', 'after_exp');
  const timely = checkTimes(times, keyManager, nowMs);
  if (isRefusal(timely)) return timely;
  const bounded = stated === undefined ? 'passed' : checkLifetime(times, keyManager, nowMs);
  if (isRefusal(bounded)) return bounded;
  const client = findClient(claims, names.client);
  if (isRefusal(client)) return client;
  const scopes = readScopes(claims, names.scopes, keyManager.scopesFromNames);
  if (isRefusal(scopes)) return scopes;
  const binding = readBinding(ownClaim(claims, 'cnf'));
  if (isRefusal(binding)) return binding;
  const audience = claimValue(claims, keyManager.audienceClaim);
  if (audience !== undefined && !isAudience(audience)) return malformed(keyManager.audienceClaim, 'wrong_type');
  return {
    ...times,
    ...binding,
    keyManagerId: keyManager.id,
    issuer: ownClaim(claims, 'iss') as string | undefined,
    subject: ownClaim(claims, 'sub') as string | undefined,
    jti: ownClaim(claims, 'jti') as string | undefined,
    consumerKey: client.consumerKey,
    scopes: scopes.scopes,
    audiences: typeof audience === 'string' ? [audience] : (audience ?? []),
    claims: handedOnClaims(claims, keyManager.claimMapping),
  };
}

/** The types of RFC 7519 §4.1, whatever the profile. */
function typeProblem(claims: Claims): Refusal | undefined {
  const has = (name: string) => Object.hasOwn(claims, name);
  const wrong =
    ['iss', 'sub', 'jti'].find((name) => has(name) && !isPlainText(claims[name])) ??
    ['exp', 'nbf', 'iat'].find((name) => has(name) && !isDate(claims[name])) ??
    (has('aud') && !isAudience(claims['aud']) ? 'aud' : undefined) ??
    (claims['exp'] === 0 ? 'exp' : undefined);
  if (wrong !== undefined) return malformed(wrong, 'wrong_type');
  // JSON may spell numbers that a double cannot hold (`1e999`, and the 2^63/1000 of WSO2 IS for tokens that never expire):
  // comparing those with a clock would be a guess.
  const unbounded = ['exp', 'nbf', 'iat'].find(
    (name) => has(name) && (claims[name] as number) > Number.MAX_SAFE_INTEGER,
  );
  return unbounded === undefined ? undefined : malformed(unbounded, 'beyond_2^53');
}

function isDate(value: unknown): value is number {
  return typeof value === 'number' && value >= 0;
}

function isAudience(value: unknown): value is string | readonly string[] {
  return typeof value === 'string' || (Array.isArray(value) && value.every((one) => typeof one === 'string'));
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

function malformed(claim: string, problem: string): Refusal {
  return deny('claims_malformed', { claim, problem });
}

function ownClaim(claims: Claims, name: string): unknown {
  return Object.hasOwn(claims, name) ? claims[name] : undefined;
}
