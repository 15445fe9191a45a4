// What a JWT says, judged by the key manager's settings: kind, issuer, tenant, and all that `readFacts` reads. Needs no key, and
// so runs before the signature is checked; nothing of it counts until a key of the key manager has proved the token.

import { deny, isRefusal, type Refusal } from '../../domain/decision.ts';
import { type KeyManager, TOKEN_PROFILES } from '../../domain/key-manager.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import { checkKind } from './check-kind.ts';
import { claimValue } from './claim-value.ts';
import { type ClaimedFacts, readFacts } from './read-facts.ts';

/** The token's facts, or the first thing that speaks against it. */
export function readClaims(token: UnprovedJwt, keyManager: KeyManager, nowMs: number): ClaimedFacts | Refusal {
  const kind = checkKind(token, keyManager);
  if (isRefusal(kind)) return kind;
  const problem = issuerProblem(token, keyManager) ?? tenantProblem(token, keyManager) ?? missing(token, keyManager);
  if (problem !== undefined) return problem;
  const names = { client: keyManager.consumerKeyClaims, scopes: keyManager.scopesClaims };
  return readFacts(token.claims, names, keyManager, nowMs);
}

/** The caller has chosen the key manager by issuer; a slip there must not make its keys vouch for another's tokens. */
function issuerProblem(token: UnprovedJwt, keyManager: KeyManager): Refusal | undefined {
  if (token.issuer === undefined) return keyManager.issuers.length === 0 ? undefined : deny('issuer_missing');
  return keyManager.issuers.includes(token.issuer)
    ? undefined
    : deny('issuer_unknown', { key_manager: keyManager.name });
}

/** Issuers of one server differ by tenant; the claim that names the tenant must say the same as the issuer (Entra `tid`). */
function tenantProblem({ claims, issuer }: UnprovedJwt, { tenancy }: KeyManager): Refusal | undefined {
  if (tenancy === null) return undefined;
  const tenant = tenantOf(issuer, tenancy);
  return tenant !== undefined && claimValue(claims, tenancy.claim) === tenant
    ? undefined
    : deny('tenant_not_allowed', { claim: tenancy.claim, tenant });
}

/** The tenant that an issuer belongs to; undefined for one that is not listed. */
export function tenantOf(issuer: string | undefined, tenancy: KeyManager['tenancy']): string | undefined {
  return tenancy !== null && issuer !== undefined && Object.hasOwn(tenancy.tenants, issuer)
    ? tenancy.tenants[issuer]
    : undefined;
}

/** Presence by profile and settings; `exp` always, and `iss` of any key manager that has one. */
function missing({ claims }: UnprovedJwt, { issuers, profile, requiredClaims }: KeyManager): Refusal | undefined {
  const required = ['exp', ...TOKEN_PROFILES[profile].requiredClaims, ...requiredClaims];
  const isThere = (name: string) => claimValue(claims, name) !== undefined;
  const absent = required.find(
    (name) => !isThere(name) && !name.split('|').some(isThere) && !(name === 'iss' && issuers.length === 0),
  );
  return absent === undefined ? undefined : deny('claims_malformed', { claim: absent, problem: 'missing', profile });
}
