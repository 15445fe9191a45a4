import { expect, test } from 'vitest';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';
import { resolveKeyManager } from '../../../src/keymanagers/resolve-key-manager.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';
import { CertificateAuthority } from '../../rig/certificate-authority.ts';
import { dto } from './key-manager-sample.ts';

const defaults = {
  clockSkewSeconds: 30,
  maxLifetimeSeconds: 86_400,
  introspection: { ttlSeconds: 60, timeoutMs: 300 },
  limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
};
const AUTHORITY = new CertificateAuthority('Authority').certificate;
const resolve = (changes: Partial<KeyManagerDto> = {}, sequence = 1) =>
  resolveKeyManager(
    { id: 'id-1', organization: 'carbon.super', sequence, version: 1, dto: dto(changes), secrets: {} },
    defaults,
    BUILT_IN_TYPES,
  );

test('applies the defaults of type and installation', () => {
  expect(resolve()).toEqual({
    id: 'id-1',
    organization: 'carbon.super',
    sequence: 1,
    name: 'Sample',
    type: 'CustomKeyManager',
    enabled: true,
    tokenType: 'DIRECT',
    issuers: ['https://idp.example/'],
    selfValidateJwt: true,
    keys: { kind: 'jwks', urls: ['https://idp.example/jwks'], authorizationFile: null },
    algorithms: expect.arrayContaining(['RS256', 'PS256', 'ES256', 'EdDSA', 'Ed25519']),
    consumerKeyClaims: ['azp', 'client_id'],
    scopesClaims: ['scope'],
    audiences: [],
    allowedOrganizations: [],
    profile: 'standard',
    marks: expect.arrayContaining([{ claim: 'at_hash', refuse: 'present' }]),
    jwtRules: [],
    referenceRules: [],
    tenancy: null,
    checksKeyIssuer: false,
    introspection: null,
    connection: { ca: null, serverName: null, clientCert: null, clientKey: null },
    limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
    scopesFromNames: false,
    claimMapping: [],
    audienceClaim: 'aud',
    acceptedTyp: null,
    requiredClaims: [],
    unverifiableHeaders: [],
    clockSkewSeconds: 30,
    maxLifetimeSeconds: 86_400,
    admin: false,
    digest: expect.stringMatching(/^[0-9a-f]{64}$/),
  });
});

test('what the key manager says itself comes first', () => {
  const additionalProperties = {
    issuers: ['https://alias.example'],
    audience: 'api-a',
    audiences: ['api-b'],
    profile: 'strict9068',
    algorithms: ['ES256'],
    clockSkewSeconds: 5,
    maxLifetimeSeconds: 600,
    adminTokens: true,
    consumerKeyClaims: ['cid'],
  };
  expect(
    resolve({ additionalProperties, scopesClaim: 'scp', consumerKeyClaim: 'appid', enabled: false }),
  ).toMatchObject({
    issuers: ['https://idp.example/', 'https://alias.example'],
    audiences: ['api-a', 'api-b'],
    profile: 'strict9068',
    algorithms: ['ES256'],
    clockSkewSeconds: 5,
    maxLifetimeSeconds: 600,
    admin: true,
    scopesClaims: ['scp'],
    consumerKeyClaims: ['appid', 'cid'],
    enabled: false,
  });
});

test.each([
  ['KeyCloak', ['azp'], ['scope']],
  ['Okta', ['cid'], ['scp']],
  ['Auth0', ['azp', 'client_id'], ['scope']],
  ['WSO2-IS', ['azp'], ['scope']],
  ['WSO2-IS-7', ['azp'], ['scope']],
  ['Asgardeo', ['azp'], ['scope']],
  ['default', ['azp'], ['scope']],
  ['Forgerock', ['client_id', 'aud'], ['scope', 'scp']],
])('%s names its clients and scopes', (type, consumerKeyClaims, scopesClaims) => {
  const issuer = 'https://idp.example/oauth2/default/';
  expect(resolve({ type, issuer })).toMatchObject({ consumerKeyClaims, scopesClaims });
});

test("Auth0's own audience, that of its Management API, is not the tokens'", () => {
  const additionalProperties = { audience: 'https://tenant.auth0.com/api/v2/' };
  expect(resolve({ type: 'Auth0', additionalProperties })?.audiences).toEqual([]);
  expect(resolve({ additionalProperties })?.audiences).toEqual(['https://tenant.auth0.com/api/v2/']);
});

test('one that could not be written vouches for nothing', () => {
  expect(resolve({ type: 'Unknown' })).toBeUndefined();
  expect(resolve({ issuer: undefined })).toBeUndefined();
  expect(resolve({ additionalProperties: { algorithms: ['none'] } })).toBeUndefined();
});

test.each<[string, Partial<KeyManagerDto>]>([
  ['name', { name: 'Other' }],
  ['description', { description: 'x', displayName: 'y' }],
  ['enabled', { enabled: false }],
  ['audiences', { additionalProperties: { audiences: ['a'] } }],
  ['foreign properties', { additionalProperties: { foo: 1 } }],
  ['rules', { tokenValidation: [{ type: 'JWT', value: { body: { a: 'b' } } }] }],
  ['an issuer said twice', { additionalProperties: { issuers: ['https://idp.example/'] } }],
])('the digest does not change with %s', (_what, changes) => {
  expect(resolve(changes, 7)?.digest).toBe(resolve()?.digest);
});

test('the digest does not change with the order of issuers and algorithms', () => {
  const one = { issuers: ['a', 'b'], algorithms: ['ES256', 'RS256'] };
  const other = { algorithms: ['RS256', 'ES256'], issuers: ['b', 'a'] };
  expect(resolve({ additionalProperties: one })?.digest).toBe(resolve({ additionalProperties: other })?.digest);
});

test.each<[string, Partial<KeyManagerDto>]>([
  ['issuer', { issuer: 'https://idp.example' }],
  ['key URL', { certificates: { type: 'JWKS', value: 'https://idp.example/keys' } }],
  ['kind of keys', { certificates: { type: 'PEM', value: 'https://idp.example/jwks' } }],
  ['consumer key claim', { consumerKeyClaim: 'cid' }],
  ['scopes claim', { scopesClaim: 'scp' }],
  ['self-validation', { enableSelfValidationJWT: false }],
  ['type, by its marks', { type: 'KeyCloak' }],
  ['profile', { additionalProperties: { profile: 'lenient' } }],
  ['algorithms', { additionalProperties: { algorithms: ['RS256'] } }],
  ['skew', { additionalProperties: { clockSkewSeconds: 0 } }],
  ['lifetime', { additionalProperties: { maxLifetimeSeconds: 60 } }],
])('the digest changes with the %s', (_what, changes) => {
  expect(resolve(changes)?.digest).not.toBe(resolve()?.digest);
});

const introspecting = (introspection: object, more: object = {}) => ({
  introspectionEndpoint: 'https://idp.example/introspect',
  additionalProperties: {
    introspection: { method: 'client_secret_basic', clientId: 'a', clientSecret: 's', ...introspection },
    ...more,
  },
});

test.each<[string, Partial<KeyManagerDto>]>([
  ['client', introspecting({ clientId: 'b' })],
  ['method', introspecting({ method: 'client_secret_post' })],
  ['endpoint', introspecting({ endpoint: 'https://idp.example/other' })],
  ['token types', introspecting({ tokenTypes: ['x'] })],
  ['demand of exp', introspecting({ requireExp: false })],
  ['time that replies are kept', introspecting({ ttlSeconds: 1 })],
  ['tenant header', introspecting({ headers: { 'x-tenant': 'bank' } })],
  ['authorities', introspecting({}, { tls: { ca: AUTHORITY } })],
  ['server name', introspecting({}, { tls: { serverName: 'idp.internal' } })],
])('the digest changes with the %s of introspection', (_what, changes) => {
  expect(resolve(changes)?.digest).not.toBe(resolve(introspecting({}))?.digest);
});

test.each<[string, Partial<KeyManagerDto>]>([
  ['secret', introspecting({ clientSecret: 'other' })],
  ['secret header', introspecting({ headers: { 'x-api-key': 'one' } })],
  ['time-out', introspecting({ headers: { 'x-api-key': 'two' }, timeoutMs: 1000 })],
  ['limits', introspecting({ headers: { 'x-api-key': 'two' } }, { limits: { concurrency: 1 } })],
])('the digest tells nothing of the %s', (what, changes) => {
  const like = what === 'secret' ? {} : { headers: { 'x-api-key': 'two' } };
  expect(resolve(changes)?.digest).toBe(resolve(introspecting(like))?.digest);
});

test.each<[string, Readonly<Record<string, unknown>>]>([
  ['claim of the audience', { audienceClaim: 'resource' }],
  ['accepted typ', { acceptedTyp: ['application/AT+JWT', 'absent'] }],
  ['required claims', { requiredClaims: ['tenant'] }],
  ['further scope claims', { scopesClaims: ['permissions'] }],
  ['scopes from names', { scopesFromNames: true }],
  ['further key sets', { jwks: { urls: ['https://idp.example/more'] } }],
  ['preset', { preset: 'generic-rfc9068' }],
])('the digest changes with the %s', (_what, additionalProperties) => {
  expect(resolve({ additionalProperties })?.digest).not.toBe(resolve()?.digest);
});

test('reads every addition', () => {
  const additionalProperties = {
    audienceClaim: 'resource',
    acceptedTyp: ['application/AT+JWT', 'absent'],
    requiredClaims: ['tenant'],
    scopesClaims: ['permissions'],
    scopesFromNames: true,
    limits: { concurrency: 2, burst: 9 },
    jwks: { urls: ['https://idp.example/more', 'https://idp.example/jwks'], authorizationFile: '/run/token' },
    tls: { serverName: 'idp.internal' },
  };
  expect(resolve({ additionalProperties, claimMapping: [{ remoteClaim: 'email', localClaim: 'mail' }] })).toMatchObject(
    {
      audienceClaim: 'resource',
      acceptedTyp: ['at+jwt', ''],
      requiredClaims: ['tenant'],
      scopesClaims: ['permissions'],
      scopesFromNames: true,
      limits: { concurrency: 2, ratePerSecond: 200, burst: 9 },
      keys: {
        kind: 'jwks',
        urls: ['https://idp.example/jwks', 'https://idp.example/more'],
        authorizationFile: '/run/token',
      },
      connection: { ca: null, serverName: 'idp.internal', clientCert: null, clientKey: null },
      claimMapping: [{ remoteClaim: 'email', localClaim: 'mail' }],
    },
  );
});

test('takes several certificates', () => {
  const more = {
    certificates: { type: 'PEM' as const, value: 'one' },
    additionalProperties: { certificates: ['two', 'one'] },
  };
  expect(resolve(more)?.keys).toEqual({ kind: 'pem', values: ['one', 'two'] });
});
