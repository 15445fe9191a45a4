// Finds key managers by issuer in one look-up, whatever their number, and tells those that share an issuer apart by their rules.
// Opaque tokens have no issuer: their patterns alone say whose they are.

import { GLOBAL_ORGANIZATION } from './api.ts';
import type { ClaimRule, KeyManager, LiteralRule, TextPattern } from './key-manager.ts';

/** All key managers of a catalog. */
export interface KeyManagerIndex {
  readonly byId: ReadonlyMap<string, KeyManager>;
  /** Key managers, disabled ones too, per organization and exact issuer, in order of creation. */
  readonly byIssuer: ReadonlyMap<string, ReadonlyMap<string, readonly KeyManager[]>>;
  /** Key managers without an issuer, per organization: for tokens without `iss` that their rules claim. */
  readonly withoutIssuer: ReadonlyMap<string, readonly KeyManager[]>;
  /** Who is asked about opaque tokens on APIs that take them of all key managers, per organization that has one to ask. */
  readonly opaqueClaims: ReadonlyMap<string, OpaqueClaims>;
}

/** Who of a list of key managers is asked about an opaque token. */
export interface OpaqueClaims {
  /** Each different pattern with the first key manager that has it, in the list's order: as long as there are patterns. */
  readonly patterns: readonly { readonly pattern: TextPattern; readonly keyManager: KeyManager }[];
  /** The one without pattern that may be asked about any, since no other of the list introspects. */
  readonly fallback: KeyManager | undefined;
  /** None of the list introspects. */
  readonly isEmpty: boolean;
}

/** Builds the index; key managers of type EXCHANGED are left out, they vouch for nothing at a gateway. */
export function keyManagerIndexOf(keyManagers: Iterable<KeyManager>): KeyManagerIndex {
  const byId = new Map<string, KeyManager>();
  const byIssuer = new Map<string, Map<string, KeyManager[]>>();
  const withoutIssuer = new Map<string, KeyManager[]>();
  for (const keyManager of [...keyManagers].sort((a, b) => a.sequence - b.sequence)) {
    byId.set(keyManager.id, keyManager);
    if (keyManager.tokenType === 'EXCHANGED') continue;
    if (keyManager.issuers.length === 0) append(withoutIssuer, keyManager.organization, keyManager);
    const ofOrganization = byIssuer.get(keyManager.organization) ?? new Map<string, KeyManager[]>();
    for (const issuer of keyManager.issuers) append(ofOrganization, issuer, keyManager);
    if (ofOrganization.size > 0) byIssuer.set(keyManager.organization, ofOrganization);
  }
  return { byId, byIssuer, withoutIssuer, opaqueClaims: opaqueClaimsByOrganization(byId.values()) };
}

/** What a list of key managers, in order of precedence, claims of opaque tokens; those that cannot or must not be asked are left out. */
export function opaqueClaimsOf(keyManagers: Iterable<KeyManager>): OpaqueClaims {
  const asked = [...keyManagers].filter(introspects);
  const patterns = new Map<string, OpaqueClaims['patterns'][number]>();
  for (const keyManager of asked)
    for (const pattern of keyManager.referenceRules)
      if (!patterns.has(pattern.source)) patterns.set(pattern.source, { pattern, keyManager });
  const [only, ...others] = asked;
  const fallback = others.length === 0 && only?.referenceRules.length === 0 ? only : undefined;
  return { patterns: [...patterns.values()], fallback, isEmpty: only === undefined };
}

/** Claims on opaque tokens of an API that takes them of all key managers: its organization's own and the Global ones. */
export function opaqueClaimsOfAll(index: KeyManagerIndex, organization: string): OpaqueClaims {
  return index.opaqueClaims.get(organization) ?? index.opaqueClaims.get(GLOBAL_ORGANIZATION) ?? opaqueClaimsOf([]);
}

function introspects({ enabled, tokenType, introspection }: KeyManager): boolean {
  return enabled && tokenType !== 'EXCHANGED' && introspection !== null;
}

/** Takes key managers in order of creation and keeps it, the Global ones among the others. */
function opaqueClaimsByOrganization(keyManagers: Iterable<KeyManager>): ReadonlyMap<string, OpaqueClaims> {
  const asked = [...keyManagers].filter(introspects);
  const byOrganization = Map.groupBy(asked, ({ organization }) => organization);
  const global = byOrganization.get(GLOBAL_ORGANIZATION) ?? [];
  const inOrder = (own: readonly KeyManager[]) => [...own, ...global].sort((a, b) => a.sequence - b.sequence);
  return new Map(
    [...byOrganization].map(([organization, own]) => [
      organization,
      opaqueClaimsOf(organization === GLOBAL_ORGANIZATION ? own : inOrder(own)),
    ]),
  );
}

function append(lists: Map<string, KeyManager[]>, key: string, keyManager: KeyManager): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [keyManager]);
  else list.push(keyManager);
}

/** Key managers with exactly this issuer that an API of the organization could list: its own and the Global one. */
export function keyManagersOfIssuer(
  index: KeyManagerIndex,
  organization: string,
  issuer: string,
): readonly KeyManager[] {
  return ownAndGlobal(organization, (of) => index.byIssuer.get(of)?.get(issuer));
}

/** Key managers without an issuer that an API of the organization could list. */
export function keyManagersWithoutIssuer(index: KeyManagerIndex, organization: string): readonly KeyManager[] {
  return ownAndGlobal(organization, (of) => index.withoutIssuer.get(of));
}

function ownAndGlobal(
  organization: string,
  listOf: (organization: string) => readonly KeyManager[] | undefined,
): readonly KeyManager[] {
  const own = listOf(organization) ?? [];
  if (organization === GLOBAL_ORGANIZATION) return own;
  const global = listOf(GLOBAL_ORGANIZATION);
  return global === undefined ? own : [...global, ...own];
}

/** True when one of the rules' pairs all equal the claims; without rules every token of its issuer is claimed, and none without issuer. */
export function claimsToken(keyManager: KeyManager, claims: Readonly<Record<string, unknown>>): boolean {
  if (keyManager.jwtRules.length === 0) return keyManager.issuers.length > 0;
  return keyManager.jwtRules.some((rule) => ruleHolds(rule, claims));
}

function ruleHolds(rule: ClaimRule, claims: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(rule).every(([claim, wanted]) => {
    const value = Object.hasOwn(claims, claim) ? claims[claim] : undefined;
    return typeof wanted === 'string' ? value === wanted : typeof value === 'string' && wanted.matches(value);
  });
}

/** True when no token can be claimed by both: some claim is asked for with different values by every pair of their rules. */
export function rulesExclude(a: readonly LiteralRule[], b: readonly LiteralRule[]): boolean {
  if (a.length === 0 || b.length === 0) return false;
  return a.every((one) =>
    b.every((other) => Object.keys(one).some((claim) => Object.hasOwn(other, claim) && one[claim] !== other[claim])),
  );
}
