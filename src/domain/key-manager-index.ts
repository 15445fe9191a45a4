// Finds key managers by issuer in one look-up, whatever their number, and tells those that share an issuer apart by their rules.

import { GLOBAL_ORGANIZATION } from './api.ts';
import type { KeyManager, LiteralRule } from './key-manager.ts';

/** All key managers of a catalog. */
export interface KeyManagerIndex {
  readonly byId: ReadonlyMap<string, KeyManager>;
  /** Key managers, disabled ones too, per organization and exact issuer, in order of creation. */
  readonly byIssuer: ReadonlyMap<string, readonly KeyManager[]>;
}

/** Builds the index; key managers of type EXCHANGED are left out, they vouch for nothing at a gateway. */
export function keyManagerIndexOf(keyManagers: Iterable<KeyManager>): KeyManagerIndex {
  const byId = new Map<string, KeyManager>();
  const byIssuer = new Map<string, KeyManager[]>();
  for (const keyManager of keyManagers) {
    byId.set(keyManager.id, keyManager);
    if (keyManager.tokenType === 'EXCHANGED') continue;
    for (const issuer of keyManager.issuers) {
      const key = issuerKey(keyManager.organization, issuer);
      const others = byIssuer.get(key);
      if (others === undefined) byIssuer.set(key, [keyManager]);
      else others.push(keyManager);
    }
  }
  for (const sharers of byIssuer.values()) sharers.sort((a, b) => a.sequence - b.sequence);
  return { byId, byIssuer };
}

/** Key managers with exactly this issuer that an API of the organization could list: its own and the Global one. */
export function keyManagersOfIssuer(
  index: KeyManagerIndex,
  organization: string,
  issuer: string,
): readonly KeyManager[] {
  const own = index.byIssuer.get(issuerKey(organization, issuer));
  if (organization === GLOBAL_ORGANIZATION) return own ?? [];
  const global = index.byIssuer.get(issuerKey(GLOBAL_ORGANIZATION, issuer));
  if (own === undefined) return global ?? [];
  return global === undefined ? own : [...global, ...own];
}

/** True when one of the rules' pairs all equal the claims; a key manager without rules claims every token of its issuer. */
export function claimsToken(keyManager: KeyManager, claims: Readonly<Record<string, unknown>>): boolean {
  return keyManager.jwtRules.length === 0 || keyManager.jwtRules.some((rule) => ruleHolds(rule, claims));
}

function ruleHolds(rule: LiteralRule, claims: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(rule).every(([claim, value]) => Object.hasOwn(claims, claim) && claims[claim] === value);
}

/** True when no token can be claimed by both: some claim is asked for with different values by every pair of their rules. */
export function rulesExclude(a: readonly LiteralRule[], b: readonly LiteralRule[]): boolean {
  if (a.length === 0 || b.length === 0) return false;
  return a.every((one) =>
    b.every((other) => Object.keys(one).some((claim) => Object.hasOwn(other, claim) && one[claim] !== other[claim])),
  );
}

function issuerKey(organization: string, issuer: string): string {
  return `${organization}\n${issuer}`;
}
