// Which keys of a set may have signed a token. What the token says only narrows the choice; the signature decides.

import { SIGNATURE_ALGORITHMS, sameAlgorithm } from '../../domain/signature-algorithm.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { KeySet } from './key-set.ts';
import type { VerificationKey } from './verification-key.ts';

/** Bounds the work for one token that names no key. */
const MAX_CANDIDATES = 16;

/** By kind, algorithm and curve, then `kid`, else `x5t#S256` or `x5t`, else all that remain. Empty means that the key is not known. */
export function selectKeys(set: KeySet, header: UnprovedJwt['header']): readonly VerificationKey[] {
  const alg = member(header, 'alg') ?? '';
  const wanted = SIGNATURE_ALGORITHMS.get(alg);
  if (wanted === undefined) return [];
  const fitting = set.keys.filter(
    (key) =>
      key.kty === wanted.kty &&
      ('crv' in wanted ? key.crv === wanted.crv : true) &&
      (key.alg === undefined || sameAlgorithm(key.alg, alg)),
  );
  const kid = member(header, 'kid');
  if (kid !== undefined) return named(fitting, (key) => key.kid, kid);
  const x5tS256 = member(header, 'x5t#S256');
  if (x5tS256 !== undefined) return named(fitting, (key) => key.x5tS256, x5tS256);
  const x5t = member(header, 'x5t');
  return x5t === undefined ? fitting.slice(0, MAX_CANDIDATES) : named(fitting, (key) => key.x5t, x5t);
}

/** Without the keys that say whose tokens they sign when that is another issuer than the token's (Entra: one set for all tenants). */
export function keysOfIssuer(
  keys: readonly VerificationKey[],
  { issuer }: Pick<UnprovedJwt, 'issuer'>,
  tenant: string | undefined,
): readonly VerificationKey[] {
  return keys.filter(
    (key) => key.issuer === undefined || key.issuer.replace('{tenantid}', () => tenant ?? '') === issuer,
  );
}

/** True when some key of the set has the token's `kid`, whether or not it can have signed the token. */
export function hasKeyNamed(set: KeySet, header: UnprovedJwt['header']): boolean {
  const kid = member(header, 'kid');
  return kid !== undefined && set.keys.some((key) => key.kid === kid);
}

/** Keys of that name, else those that have none: PEM keys have no `kid`, and some servers publish none. */
function named(
  keys: readonly VerificationKey[],
  nameOf: (key: VerificationKey) => string | undefined,
  name: string,
): readonly VerificationKey[] {
  const same = keys.filter((key) => nameOf(key) === name);
  return (same.length > 0 ? same : keys.filter((key) => nameOf(key) === undefined)).slice(0, MAX_CANDIDATES);
}

function member(header: UnprovedJwt['header'], name: string): string | undefined {
  const value = Object.hasOwn(header, name) ? header[name] : undefined;
  return typeof value === 'string' ? value : undefined;
}
