// Small facts to put into a catalog, and the least that a resolver can make of them.

import type { AuditContext } from '../../../src/domain/audit.ts';
import type { ApiWrite, ApplicationWrite, CatalogFacts, KeyManagerWrite } from '../../../src/domain/catalog-facts.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { StoredKeyManager } from '../../../src/domain/key-manager-dto.ts';
import type { Revocation } from '../../../src/domain/revocation.ts';
import type { SealingKey } from '../../../src/sealing/sealing-key.ts';

export const ORGANIZATION = 'carbon.super';

/** An admin. */
export const AUDIT: AuditContext = {
  requestId: 'request-1',
  caller: 'ann',
  organization: ORGANIZATION,
  address: '127.0.0.1',
  method: 'POST',
  route: '/key-managers',
};

export const SEALING_KEY: SealingKey = { id: 'test', secret: Buffer.alloc(32, 7).toString('base64url') };

/** The least that a resolver can make of a stored key manager; undefined for type `Broken`. */
export function resolveKeyManager({ id, organization, sequence, dto }: StoredKeyManager): KeyManager | undefined {
  if (dto.type === 'Broken') return undefined;
  return {
    id,
    organization,
    sequence,
    name: dto.name,
    type: dto.type,
    enabled: dto.enabled !== false,
    tokenType: dto.tokenType ?? 'DIRECT',
    issuers: [dto.issuer ?? ''],
    selfValidateJwt: true,
    keys: { kind: 'none' },
    algorithms: ['RS256'],
    consumerKeyClaims: ['azp'],
    scopesClaims: ['scope'],
    audiences: [],
    profile: 'standard',
    acceptedTyp: null,
    requiredClaims: [],
    marks: [],
    unverifiableHeaders: [],
    jwtRules: [],
    referenceRules: [],
    checksKeyIssuer: false,
    tenancy: null,
    introspection: null,
    connection: { ca: null, serverName: null, clientCert: null, clientKey: null },
    limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
    scopesFromNames: false,
    claimMapping: [],
    audienceClaim: 'aud',
    clockSkewSeconds: 0,
    maxLifetimeSeconds: 3600,
    admin: false,
    allowedOrganizations: [],
    digest: id,
  };
}

export function keyManager(name: string, more: Partial<KeyManagerWrite['dto']> = {}): KeyManagerWrite {
  const issuer = more.issuer ?? `https://${name}.example`;
  const dto = { name, type: 'CustomKeyManager', ...more, issuer };
  return {
    organization: ORGANIZATION,
    dto,
    secrets: {},
    enabled: dto.enabled !== false,
    issuers: [issuer],
    jwtRules: [],
  };
}

export function api(name: string, more: Partial<ApiWrite> = {}): ApiWrite {
  return {
    organization: ORGANIZATION,
    name,
    version: '1.0.0',
    context: `/${name.toLowerCase()}/1.0.0`,
    defaultVersionContext: null,
    hosts: [],
    lifecycle: 'PUBLISHED',
    type: 'HTTP',
    securityScheme: ['oauth2'],
    audiences: [],
    keyManagers: 'all',
    audiencesByKeyManager: {},
    subscriptionValidation: true,
    endpoints: [],
    authorizationHeader: 'authorization',
    path: { encodedSlash: 'reject', matrixParameters: 'reject' },
    resources: [{ verb: 'GET', template: '/menu', authType: 'Any', scopes: ['menu:read'], policy: 'Unlimited' }],
    ...more,
  };
}

export function application(name: string, more: Partial<ApplicationWrite> = {}): ApplicationWrite {
  return {
    organization: ORGANIZATION,
    name,
    owner: 'owner',
    policy: 'Unlimited',
    keys: [],
    subscriptions: [],
    ...more,
  };
}

export const key = (consumerKey: string, keyManagerName = 'Partner') => {
  return { keyManager: keyManagerName, consumerKey, keyType: 'PRODUCTION' as const };
};

export const subscription = (apiName: string, more: Partial<ApplicationWrite['subscriptions'][number]> = {}) => {
  return { api: apiName, version: '1.0.0', policy: 'Gold', state: 'UNBLOCKED' as const, ...more };
};

/** Two key managers, a pizza API of one of them, and an application that is subscribed to it. */
export function pizzaFacts(): CatalogFacts {
  return {
    keyManagers: [keyManager('Partner'), keyManager('Staff')],
    apis: [api('Pizza', { keyManagers: ['Partner'] }), api('Orders')],
    applications: [application('Shack', { keys: [key('shack')], subscriptions: [subscription('Pizza')] })],
  };
}

/** A revocation of a token by its jti, until it is lifted. */
export function revocation(more: Partial<Revocation> = {}): Revocation {
  return {
    id: 'r1',
    kind: 'jti',
    value: 'jti-1',
    organization: ORGANIZATION,
    keyManagerId: null,
    keyManagerType: null,
    issuedBeforeMs: null,
    expiresAtMs: null,
    createdAtMs: 1_790_000_000_000,
    createdBy: 'ann',
    lifted: false,
    ...more,
  };
}
