// Whose applications a key manager or an API is for: the one reading of WSO2's lists of organizations, at the gateway and in the portal.

import type { Api } from './api.ts';

/** WSO2 `allowedOrganizations`, `visibleOrganizations`: none given, or `all`, is everybody; `NONE` is the owner's organization alone. */
export function isAllowedTo(organization: string, allowed: readonly string[], owner: string): boolean {
  if (allowed.length === 0) return true;
  return allowed.some((name) => {
    const word = name.toLowerCase();
    return word === 'all' || (word === 'none' ? organization === owner : organization === name);
  });
}

/** The list of an API, which nothing else of its fields tells. */
export function visibleOrganizationsOf({ extra }: Pick<Api, 'extra'>): readonly string[] {
  const listed = extra['visibleOrganizations'];
  return Array.isArray(listed) ? listed.map(String) : [];
}
