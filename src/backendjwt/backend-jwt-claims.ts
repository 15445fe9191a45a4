// What a backend JWT says of an allowed caller, in WSO2's claims. Only what was established is said; a claim of the token itself never
// takes the place of one of these.

import { DEFAULT_ORGANIZATION } from '../domain/api.ts';
import type { Known } from '../domain/decision.ts';

/** Claims of the token that are its own business, not the caller's (WSO2's list). */
const TOKENS_OWN = [
  'iss',
  'sub',
  'aud',
  'exp',
  'nbf',
  'iat',
  'jti',
  'application',
  'tierInfo',
  'subscribedAPIs',
  'aut',
] as const;

/** WSO2 knows this one kind only. */
const USER_TYPE = 'Application_User';
/** WSO2's number of the super tenant; other tenants' numbers are not known here. */
const SUPER_TENANT_ID = '-1234';

/** How claims are named. */
export interface ClaimOptions {
  readonly issuer: string;
  /** Before the names of WSO2's claims, a slash between. */
  readonly dialect: string;
  /** Claims of the token that are not handed on, beside {@link TOKENS_OWN}. */
  readonly excludedClaims: readonly string[];
}

/** The times and the name of one JWT, in NumericDate (RFC 7519 §2). */
export interface Validity {
  readonly issuedAt: number;
  readonly expiresAt: number;
  readonly jti: string;
}

/** The claims for one caller of one API. */
export function backendJwtClaims(
  known: Readonly<Known>,
  { issuedAt, expiresAt, jti }: Validity,
  { issuer, dialect, excludedClaims }: ClaimOptions,
): Readonly<Record<string, unknown>> {
  const { api, application, subscription, token, keyType } = known;
  const enduser = token?.subject ?? application?.owner;
  const organization = application?.organization ?? api?.organization;
  const wso2 = {
    subscriber: application?.owner,
    applicationid: application && String(application.number),
    applicationname: application?.name,
    applicationtier: application?.policy,
    apiname: api?.name,
    apicontext: api?.context,
    version: api?.version,
    tier: subscription?.policy,
    keytype: keyType ?? 'PRODUCTION',
    usertype: USER_TYPE,
    enduser,
    enduserTenantId: organization === DEFAULT_ORGANIZATION ? SUPER_TENANT_ID : undefined,
    applicationUUId: application?.id,
    applicationAttributes: application?.attributes,
  };
  const standard = {
    iss: issuer,
    exp: expiresAt,
    iat: issuedAt,
    jti,
    sub: token?.subject,
    organizations: organization === undefined ? undefined : [organization],
  };
  const excluded = new Set<string>([...TOKENS_OWN, ...excludedClaims]);
  return Object.fromEntries(
    [
      ...tokenClaims(known).filter(([name]) => !excluded.has(name)),
      ...Object.entries(wso2).map(([name, value]) => [`${dialect}/${name}`, value] as const),
      ...Object.entries(standard),
    ].filter(([, value]) => value !== undefined),
  );
}

/** The client and the scopes, in the names that most tokens have them by, and the claims that the key manager's mapping hands on. */
function tokenClaims({ token }: Readonly<Known>): readonly (readonly [string, unknown])[] {
  if (token === undefined) return [];
  const { consumerKey, scopes, claims } = token;
  return [
    ['azp', consumerKey],
    ['scope', scopes.length > 0 ? scopes.join(' ') : undefined],
    ...Object.entries(claims).map(([name, json]) => [name, JSON.parse(json) as unknown] as const),
  ];
}
