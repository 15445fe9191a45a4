// Proves a caller of the admin side by an access token of a key manager that is marked for it. Same proof as on the way through
// Envoy, other question: it yields who calls and with which scopes, or nothing.

import { isRefusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import { claimsToken } from '../domain/key-manager-index.ts';
import type { TokenFacts } from '../domain/token.ts';
import { checkRevocation } from './check-revocation.ts';
import type { Catalog, Tokens } from './ports.ts';

/** Long enough for a first fetch of the key manager's keys; nobody's traffic waits for it. */
const BUDGET_MS = 5_000;

/** Organizations may have the issuer in common; each key manager has its own keys, and only one of them may vouch. */
const MAX_CANDIDATES = 4;

/** Who the token says calls. */
export interface ProvedAdmin {
  readonly name: string;
  /** The key manager's own: a token cannot choose it. */
  readonly organization: string;
  readonly scopes: readonly string[];
  /** What the key manager maps to the local claim {@link ROLE_CLAIM}. */
  readonly roles: readonly string[];
}

/** WSO2's claim of a user's roles: a list, or a text with commas. */
export const ROLE_CLAIM = 'http://wso2.org/claims/role';

/** Undefined for every token that does not prove a caller, whatever the cause. Tokens bound to a certificate prove none here. */
export async function proveAdmin(
  bearer: string,
  catalog: Catalog,
  tokens: Tokens,
  nowMs: number,
): Promise<ProvedAdmin | undefined> {
  const token = tokens.read(bearer);
  const snapshot = catalog.moment()?.snapshot;
  if (isRefusal(token) || token.kind === 'opaque' || snapshot === undefined) return undefined;
  const { issuer, claims } = token;
  const marked = [...snapshot.keyManagers.byId.values()].filter(
    (keyManager) => issuer !== undefined && mayVouch(keyManager, issuer) && claimsToken(keyManager, claims),
  );
  if (marked.length > MAX_CANDIDATES) return undefined;
  const proofs: { readonly keyManager: KeyManager; readonly facts: TokenFacts }[] = [];
  for (const keyManager of marked) {
    const proof = await tokens.prove(token, keyManager, nowMs, { deadlineMs: nowMs + BUDGET_MS });
    if (proof.kind === 'proved') proofs.push({ keyManager, facts: proof.facts });
  }
  // After the last wait, and so by the clock of the one who asks: an entry's end is hours away from mattering.
  const moment = catalog.moment();
  if (moment?.snapshot !== snapshot) return undefined;
  const proved = proofs.flatMap(({ keyManager, facts }) => {
    const revocation = checkRevocation(token, facts, keyManager, keyManager.organization, moment, nowMs);
    const admin = revocation === 'passed' ? adminOf(facts, keyManager) : undefined;
    return admin === undefined ? [] : [admin];
  });
  return proved.length === 1 ? proved[0] : undefined;
}

function adminOf(facts: TokenFacts, { audiences, organization }: KeyManager): ProvedAdmin | undefined {
  const name = facts.subject ?? facts.consumerKey;
  const meant = audiences.some((audience) => facts.audiences.includes(audience));
  if (name === undefined || !meant || facts.certificateThumbprint !== undefined) return undefined;
  return { name, organization, scopes: facts.scopes, roles: rolesOf(facts.claims[ROLE_CLAIM]) };
}

/** Of the JSON text that claims are handed on as. */
function rolesOf(claim: string | undefined): readonly string[] {
  const value: unknown = claim === undefined ? [] : JSON.parse(claim);
  const all: readonly unknown[] = typeof value === 'string' ? value.split(',') : Array.isArray(value) ? value : [];
  return all
    .filter((role): role is string => typeof role === 'string' && role.trim() !== '')
    .map((role) => role.trim());
}

/** An audience is a must: a token for some API of the same key manager must not open the admin side. */
function mayVouch(keyManager: KeyManager, issuer: string): boolean {
  return (
    keyManager.admin &&
    keyManager.enabled &&
    keyManager.tokenType !== 'EXCHANGED' &&
    keyManager.audiences.length > 0 &&
    keyManager.issuers.includes(issuer)
  );
}
