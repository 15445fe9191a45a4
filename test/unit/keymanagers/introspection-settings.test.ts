import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { CertificateAuthority } from '../../rig/certificate-authority.ts';
import { judged, problemsOf, resolved } from './key-manager-sample.ts';

const ENDPOINT = 'https://idp.example/introspect';
const KEYCLOAK = { type: 'KeyCloak', introspectionEndpoint: ENDPOINT } as const;
const CLIENT = { client_id: 'gateway', client_secret: 's3cret' };
const own = (introspection: object, more: object = {}) => ({
  introspectionEndpoint: ENDPOINT,
  additionalProperties: { introspection, ...more },
});
const pem = (type: 'rsa' | 'ec') =>
  (type === 'rsa'
    ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' })
  ).privateKey
    .export({ type: 'pkcs8', format: 'pem' })
    .toString();

describe('the connector’s credentials', () => {
  test('are those of its settings', () => {
    expect(resolved({ ...KEYCLOAK, additionalProperties: CLIENT }).introspection).toMatchObject({
      endpoint: ENDPOINT,
      auth: { kind: 'client_secret_basic', clientId: 'gateway', clientSecret: 's3cret', encoding: 'rfc' },
      consumerKeyMembers: ['azp', 'client_id'],
      tokenTypeHint: 'access_token',
      requireExp: true,
      ttlMs: 60_000,
      timeoutMs: 300,
    });
  });

  test.each([
    [
      'WSO2-IS',
      { Username: 'admin@bank', Password: 'p' },
      { clientId: 'admin@bank', clientSecret: 'p', encoding: 'raw' },
    ],
    ['WSO2-IS-7', { Username: 'admin', Password: 'p' }, { clientId: 'admin', encoding: 'raw' }],
    ['Asgardeo', { mgmt_client_id: 'm', mgmt_client_secret: 's' }, { clientId: 'm', clientSecret: 's' }],
    ['PingFederate', CLIENT, { clientId: 'gateway', encoding: 'rfc' }],
    ['Forgerock', CLIENT, { clientId: 'gateway' }],
  ])('of %s are read', (type, additionalProperties, auth) => {
    expect(resolved({ type, introspectionEndpoint: ENDPOINT, additionalProperties }).introspection?.auth).toMatchObject(
      auth,
    );
  });

  test('that are missing are named, each one (901401)', () => {
    expect(Object.keys(problemsOf(KEYCLOAK))).toEqual([
      'additionalProperties.client_id',
      'additionalProperties.client_secret',
    ]);
    expect(
      Object.keys(problemsOf({ ...KEYCLOAK, additionalProperties: { client_id: 'x', client_secret: '' } })),
    ).toEqual(['additionalProperties.client_secret']);
  });

  test('are not needed where nothing is introspected', () => {
    for (const introspectionEndpoint of [undefined, 'none', 'None', ''])
      expect(resolved({ type: 'KeyCloak', introspectionEndpoint }).introspection).toBeNull();
  });

  test('can be sent in the other encoding', () => {
    const additionalProperties = { ...CLIENT, introspection: { basicEncoding: 'raw' } };
    expect(resolved({ ...KEYCLOAK, additionalProperties }).introspection?.auth).toMatchObject({ encoding: 'raw' });
  });

  test('of WSO2 IS 7 may be a certificate, with the user in a header', () => {
    const { certificate: clientCert, key: clientKey } = new CertificateAuthority('Authority').issue('gateway');
    const mutual = { Authentication: 'MutualTLS', IdentityUser: 'admin' };
    const additionalProperties = { ...mutual, tls: { clientCert, clientKey } };
    expect(
      problemsOf({ type: 'WSO2-IS-7', introspectionEndpoint: ENDPOINT, additionalProperties: mutual }),
    ).toHaveProperty(['additionalProperties.tls.clientCert']);
    expect(
      resolved({ type: 'WSO2-IS-7', introspectionEndpoint: ENDPOINT, additionalProperties }).introspection,
    ).toMatchObject({
      auth: { kind: 'none', clientId: null },
      headers: { 'wso2-identity-user': 'admin' },
    });
    expect(
      problemsOf({
        type: 'WSO2-IS-7',
        introspectionEndpoint: ENDPOINT,
        additionalProperties: { Authentication: 'MutualTLS' },
      }),
    ).toHaveProperty(['additionalProperties.IdentityUser']);
  });
});

describe('introspection of its own', () => {
  test('takes the endpoint in either form, and its own before both', () => {
    const endpoints = [{ name: 'introspection_endpoint', value: ENDPOINT }];
    const introspection = { method: 'none' };
    expect(resolved({ endpoints, additionalProperties: { introspection } }).introspection?.endpoint).toBe(ENDPOINT);
    const additionalProperties = { introspection: { ...introspection, endpoint: 'https://other.example/i' } };
    expect(resolved({ endpoints, additionalProperties }).introspection?.endpoint).toBe('https://other.example/i');
  });

  test.each<[string, object, object]>([
    [
      'client_secret_basic',
      { clientId: 'a', clientSecret: 'b' },
      { clientId: 'a', clientSecret: 'b', encoding: 'rfc' },
    ],
    ['client_secret_post', { clientId: 'a', clientSecret: 'b' }, { clientId: 'a', clientSecret: 'b' }],
    ['bearer', { token: 't' }, { token: 't' }],
    ['none', {}, { clientId: null }],
    ['none', { clientId: 'a' }, { clientId: 'a' }],
  ])('authenticates by %s', (method, settings, auth) => {
    expect(resolved(own({ method, ...settings })).introspection?.auth).toEqual({ kind: method, ...auth });
  });

  test('authenticates by private_key_jwt, for the issuer unless said otherwise', () => {
    const privateKey = pem('ec');
    const settings = { method: 'private_key_jwt', clientId: 'a', privateKey, alg: 'ES256', kid: 'k' };
    expect(resolved(own(settings)).introspection?.auth).toEqual({
      kind: 'private_key_jwt',
      clientId: 'a',
      privateKey,
      alg: 'ES256',
      kid: 'k',
      audience: 'https://idp.example/',
    });
    expect(problemsOf(own({ ...settings, alg: 'RS256' }))).toHaveProperty(['additionalProperties.introspection.alg']);
    expect(problemsOf(own({ ...settings, privateKey: 'x' }))).toHaveProperty([
      'additionalProperties.introspection.privateKey',
    ]);
  });

  test('authenticates by a certificate, which must be there, readable and fit its key', () => {
    const authority = new CertificateAuthority('Authority');
    const one = authority.issue('gateway');
    const other = authority.issue('other');
    const settings = { method: 'tls_client_auth', clientId: 'a' };
    const tls = { ca: authority.certificate, clientCert: one.certificate, clientKey: one.key };
    expect(resolved(own(settings, { tls }))).toMatchObject({
      introspection: { auth: { kind: 'tls_client_auth', clientId: 'a' } },
      connection: { ...tls, serverName: null },
    });
    expect(problemsOf(own(settings))).toHaveProperty(['additionalProperties.tls.clientCert']);
    expect(problemsOf(own(settings, { tls: { ...tls, clientKey: other.key } }))).toMatchObject({
      'additionalProperties.tls.clientKey': 'does not belong to the certificate',
    });
    expect(problemsOf(own(settings, { tls: { clientCert: one.certificate } }))).toHaveProperty([
      'additionalProperties.tls.clientKey',
    ]);
    expect(problemsOf({ additionalProperties: { tls: { ca: 'x' } } })).toHaveProperty(['additionalProperties.tls.ca']);
  });

  test('says how replies are read and kept', () => {
    const settings = {
      method: 'none',
      headers: { 'X-Tenant': 'bank' },
      tokenTypeHint: 'none',
      consumerKeyClaims: ['app'],
      scopesClaims: ['perms'],
      tokenTypes: ['opaque'],
      requireExp: false,
      ttlSeconds: 5,
      timeoutMs: 50,
    };
    expect(resolved(own(settings)).introspection).toMatchObject({
      headers: { 'X-Tenant': 'bank' },
      tokenTypeHint: null,
      consumerKeyMembers: ['app'],
      scopesMembers: ['perms'],
      tokenTypes: ['opaque'],
      requireExp: false,
      ttlMs: 5000,
      timeoutMs: 50,
    });
  });

  test.each<[string, object, string]>([
    ['an unknown method', { method: 'basic' }, 'method'],
    ['credentials without a method', { clientId: 'a', clientSecret: 'b' }, 'method'],
    ['a secret that is missing', { method: 'client_secret_post', clientId: 'a' }, 'clientSecret'],
    ['a client that is missing', { method: 'tls_client_auth' }, 'clientId'],
    ['a token that is missing', { method: 'bearer' }, 'token'],
    ['an unknown name', { method: 'none', clientID: 'a' }, 'clientID'],
    ['a header that sets the credentials', { method: 'none', headers: { Authorization: 'Basic x' } }, 'headers'],
    ['a header that splits the request', { method: 'none', headers: { 'x-a': 'b\r\nx-c: d' } }, 'headers'],
    ['a header name that is none', { method: 'none', headers: { 'x a': 'b' } }, 'headers'],
    ['a time to live of years', { method: 'none', ttlSeconds: 1e8 }, 'ttlSeconds'],
  ])('refuses %s', (_what, settings, name) => {
    expect(problemsOf(own(settings))).toHaveProperty([`additionalProperties.introspection.${name}`]);
  });

  test('refuses an endpoint that may not be called', () => {
    const settings = own({ method: 'none' });
    expect(problemsOf({ ...settings, introspectionEndpoint: 'http://idp.example/i' })).toEqual({
      introspectionEndpoint: 'must begin with https://',
    });
    expect(problemsOf(own({ method: 'none', endpoint: 'ftp://idp.example' }))).toHaveProperty([
      'additionalProperties.introspection.endpoint',
    ]);
  });

  test('without an endpoint is a slip', () => {
    expect(problemsOf({ additionalProperties: { introspection: { method: 'none' } } })).toHaveProperty([
      'introspectionEndpoint',
    ]);
  });

  test('of a type whose servers have none is refused, its endpoint only never asked', () => {
    const entra = { type: 'AzureAD', introspectionEndpoint: 'https://login.microsoftonline.com/x/oauth2/token' };
    expect(resolved(entra).introspection).toBeNull();
    expect(judged(entra).warnings.join()).toContain('never asked');
    expect(problemsOf({ ...entra, additionalProperties: { introspection: { method: 'none' } } })).toHaveProperty([
      'additionalProperties.introspection',
    ]);
  });
});

test('an endpoint that the two forms give differently is a conflict, for each endpoint', () => {
  const endpoints = [
    { name: 'introspection_endpoint', value: 'https://a.example' },
    { name: 'token_endpoint', value: 'https://a.example/t' },
  ];
  const same = { introspectionEndpoint: 'https://a.example', tokenEndpoint: 'none' };
  expect(problemsOf({ endpoints, ...same })).toEqual({});
  expect(Object.keys(problemsOf({ endpoints, ...same, tokenEndpoint: 'https://b.example/t' }))).toEqual([
    'tokenEndpoint',
  ]);
  expect(
    Object.keys(
      problemsOf({ endpoints: [...endpoints, { name: 'introspection_endpoint', value: 'https://c.example' }] }),
    ),
  ).toEqual(['introspectionEndpoint']);
});
