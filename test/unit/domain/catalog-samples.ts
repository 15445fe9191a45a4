// Small complete facts for unit tests; each test overrides just what it is about.

import type { Api, Resource } from '../../../src/domain/api.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { DenyPolicy } from '../../../src/domain/policy.ts';

/** A published API `/pizza/1.0.0` with one resource and one allowed key manager. */
export function sampleApi(over: Partial<Api> = {}): Api {
  return {
    id: 'api-pizza',
    organization: 'carbon.super',
    name: 'Pizza',
    version: '1.0.0',
    context: '/pizza/1.0.0',
    defaultVersionContext: null,
    hosts: [],
    lifecycle: 'PUBLISHED',
    type: 'HTTP',
    securityScheme: ['oauth2'],
    audiences: [],
    keyManagers: ['km-partner'],
    audiencesByKeyManager: {},
    subscriptionValidation: true,
    endpoints: ['PRODUCTION'],
    authorizationHeader: 'authorization',
    path: { encodedSlash: 'reject', matrixParameters: 'reject' },
    resources: [sampleResource()],
    number: 1,
    provider: 'alice',
    policy: '',
    extra: {},
    revision: 1,
    ...over,
  };
}

/** GET /menu without scopes. */
export function sampleResource(over: Partial<Resource> = {}): Resource {
  return { verb: 'GET', template: '/menu', authType: 'Any', scopes: [], policy: 'Unlimited', ...over };
}

/** An enabled key manager with issuer https://partner.example. */
export function sampleKeyManager(over: Partial<KeyManager> = {}): KeyManager {
  return {
    id: 'km-partner',
    organization: 'carbon.super',
    name: 'PartnerKM',
    type: 'CustomKeyManager',
    enabled: true,
    sequence: 1,
    tokenType: 'DIRECT',
    issuers: ['https://partner.example'],
    selfValidateJwt: true,
    keys: { kind: 'jwks', urls: ['https://partner.example/jwks'], authorizationFile: null },
    algorithms: ['RS256', 'ES256'],
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
    clockSkewSeconds: 60,
    maxLifetimeSeconds: 86_400,
    admin: false,
    allowedOrganizations: [],
    digest: 'digest-partner',
    ...over,
  };
}

/** Keeps 192.0.2.7 out. */
export function sampleDenyPolicy(over: Partial<DenyPolicy> = {}): DenyPolicy {
  return {
    id: 'policy-1',
    number: 9,
    organization: 'carbon.super',
    type: 'IP',
    value: '192.0.2.7',
    invert: false,
    enabled: true,
    version: 1,
    ...over,
  };
}
