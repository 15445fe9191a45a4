// The exact issuers of a key manager. A template of a multi-tenant issuer is written out for each allowed tenant here, so that a
// request only ever compares texts.

import type { FieldProblem } from '../domain/field-problem.ts';
import type { Tenancy } from '../domain/key-manager.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Each is a look-up of its own; a server has a handful of names. */
const MAX_ISSUERS = 64;
const MAX_TENANTS = 256;
const TENANT_ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What `issuer` and `additionalProperties` say about issuers. */
export interface KnownIssuers {
  readonly issuers: readonly string[];
  readonly tenancy: Tenancy | null;
  readonly problems: readonly FieldProblem[];
}

/** How many of each list are taken. */
export const ISSUER_LIMITS = { issuers: MAX_ISSUERS, tenants: MAX_TENANTS } as const;

/** Writes templates out and adds what the type knows besides. */
export function knownIssuers(
  { tenancy, impliedIssuers }: KeyManagerType,
  given: readonly string[],
  allowedTenants: readonly string[],
): KnownIssuers {
  const problems: FieldProblem[] = [];
  const isTemplate = (issuer: string) => tenancy !== null && issuer.includes(tenancy.placeholder);
  const templates = given.filter(isTemplate);
  const exact = given.filter((issuer) => !isTemplate(issuer));
  const braced = exact.find((issuer) => /[{}]/.test(issuer));
  if (braced !== undefined)
    problems.push({ field: 'issuer', message: 'is a template of no known kind; give the exact `iss` of tokens' });
  const wrong = allowedTenants.find((tenant) => !TENANT_ID.test(tenant));
  if (wrong !== undefined)
    problems.push({
      field: 'additionalProperties.allowedTenants',
      message: 'must be tenant ids (GUIDs in lower case); names and domains are not in tokens',
    });
  if (templates.length > 0 && allowedTenants.length === 0)
    problems.push({
      field: 'additionalProperties.allowedTenants',
      message: 'is needed for an issuer that is a template: give the ids of the tenants whose tokens may come',
    });
  if (templates.length === 0 && allowedTenants.length > 0)
    problems.push({
      field: 'additionalProperties.allowedTenants',
      message: `has no effect without an issuer that is a template${tenancy === null ? '; this type has none' : ` with ${tenancy.placeholder}`}`,
    });
  const tenants = Object.fromEntries(
    templates.flatMap((template) =>
      allowedTenants.map((tenant) => [template.replaceAll(tenancy?.placeholder ?? '', tenant), tenant]),
    ),
  );
  const implied = exact.flatMap((issuer) =>
    Object.hasOwn(impliedIssuers, issuer) ? (impliedIssuers[issuer] ?? []) : [],
  );
  return {
    issuers: [...new Set([...exact, ...implied, ...Object.keys(tenants)])],
    tenancy: templates.length === 0 || tenancy === null ? null : { claim: tenancy.claim, tenants },
    problems,
  };
}
