import { describe, expect, test } from 'vitest';
import { discoverKeyManager } from '../../../src/keymanagers/discover-key-manager.ts';
import { mayName } from '../../../src/keymanagers/discovered-issuer.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';

const URL = 'https://idp.example/.well-known/openid-configuration';
const DOCUMENT = {
  issuer: 'https://idp.example',
  authorization_endpoint: 'https://idp.example/authorize',
  token_endpoint: 'https://idp.example/token',
  userinfo_endpoint: 'https://idp.example/userinfo',
  jwks_uri: 'https://keys.example/jwks',
  registration_endpoint: 'https://idp.example/register',
  introspection_endpoint: 'https://idp.example/introspect',
  revocation_endpoint: 'https://idp.example/revoke',
  grant_types_supported: ['client_credentials', 'authorization_code'],
};
const discover = (document: unknown, url = URL, type = 'KeyCloak') =>
  discoverKeyManager(type, url, document, BUILT_IN_TYPES);

test('maps a document as WSO2 does, with endpoints in both forms', () => {
  expect(discover(DOCUMENT)).toEqual({
    dto: {
      name: 'idp.example',
      type: 'KeyCloak',
      wellKnownEndpoint: URL,
      issuer: 'https://idp.example',
      introspectionEndpoint: 'https://idp.example/introspect',
      clientRegistrationEndpoint: 'https://idp.example/register',
      tokenEndpoint: 'https://idp.example/token',
      revokeEndpoint: 'https://idp.example/revoke',
      userInfoEndpoint: 'https://idp.example/userinfo',
      authorizeEndpoint: 'https://idp.example/authorize',
      endpoints: [
        { name: 'introspection_endpoint', value: 'https://idp.example/introspect' },
        { name: 'client_registration_endpoint', value: 'https://idp.example/register' },
        { name: 'token_endpoint', value: 'https://idp.example/token' },
        { name: 'revoke_endpoint', value: 'https://idp.example/revoke' },
        { name: 'userinfo_endpoint', value: 'https://idp.example/userinfo' },
        { name: 'authorize_endpoint', value: 'https://idp.example/authorize' },
      ],
      certificates: { type: 'JWKS', value: 'https://keys.example/jwks' },
      availableGrantTypes: ['client_credentials', 'authorization_code'],
      enabled: true,
      enableTokenGeneration: true,
      enableOAuthAppCreation: true,
      enableMapOAuthConsumerApps: true,
      enableSelfValidationJWT: true,
    },
    warnings: [expect.stringContaining('client_id and client_secret'), expect.stringContaining('audiences')],
  });
});

test('a preset is a key manager of type CustomKeyManager, which registers no clients', () => {
  expect(discover(DOCUMENT, URL, 'hydra')).toMatchObject({
    dto: {
      type: 'CustomKeyManager',
      additionalProperties: { preset: 'hydra' },
      enableTokenGeneration: false,
      enableOAuthAppCreation: false,
    },
  });
});

test('what is not a URL, not a text or too long is left out', () => {
  const odd = {
    token_endpoint: 'javascript:alert(1)',
    jwks_uri: 7,
    revocation_endpoint: `https://${'a'.repeat(3000)}`,
  };
  const found = discover({ ...DOCUMENT, ...odd, grant_types_supported: ['implicit', 1, null] });
  expect(found).toMatchObject({ dto: { availableGrantTypes: ['implicit'] } });
  for (const field of ['tokenEndpoint', 'revokeEndpoint', 'certificates'])
    expect('dto' in found && found.dto).not.toHaveProperty(field);
  expect(found).toMatchObject({ warnings: expect.arrayContaining([expect.stringContaining('jwks_uri')]) });
});

test('multi-tenant metadata ask for the tenants', () => {
  const url = 'https://login.microsoftonline.com/common/v2.0/.well-known/openid-configuration';
  const document = { ...DOCUMENT, issuer: 'https://login.microsoftonline.com/{tenantid}/v2.0' };
  expect(discover(document, url, 'AzureAD')).toMatchObject({
    dto: { issuer: document.issuer },
    warnings: expect.arrayContaining([expect.stringContaining('allowedTenants')]),
  });
});

test.each<[string, unknown, string]>([
  ['no object', [], 'url'],
  ['no document at all', undefined, 'url'],
  ['no issuer', { ...DOCUMENT, issuer: undefined }, 'issuer'],
  ['an issuer that is no text', { ...DOCUMENT, issuer: {} }, 'issuer'],
  ['another issuer', { ...DOCUMENT, issuer: 'https://other.example' }, 'issuer'],
  ['an issuer in other letters', { ...DOCUMENT, issuer: 'https://IDP.example' }, 'issuer'],
  ['an issuer with its port', { ...DOCUMENT, issuer: 'https://idp.example:443' }, 'issuer'],
  ['an issuer with a path', { ...DOCUMENT, issuer: 'https://idp.example/x' }, 'issuer'],
])('refuses a document with %s', (_what, document, field) => {
  expect(discover(document)).toEqual({ problems: [{ field, message: expect.any(String) }] });
});

test('refuses an unknown type', () => {
  expect(discover(DOCUMENT, URL, 'toString')).toMatchObject({ problems: [{ field: 'type' }] });
});

describe('the issuer of a URL', () => {
  const ONE = [{ url: 'https://<host>/<a>/.well-known/openid-configuration', issuer: 'https://<host>/<a>/x', why: '' }];
  test.each([
    ['https://a.example/.well-known/openid-configuration', 'https://a.example', true],
    ['https://a.example/.well-known/openid-configuration', 'https://a.example/', true],
    ['https://a.example/.well-known/openid-configuration?appid=1', 'https://a.example', true],
    ['https://a.example/t/.well-known/oauth-authorization-server', 'https://a.example/t', true],
    ['https://a.example/.well-known/oauth-authorization-server/t', 'https://a.example/t', true],
    ['https://a.example/.well-known/openid-configuration/t/', 'https://a.example/t/', true],
    ['https://a.example/.well-known/oauth-authorization-server/t', 'https://a.example', false],
    ['https://a.example/t/.well-known/openid-configuration/u', 'https://a.example/t/u', false],
    ['https://a.example/openid-configuration', 'https://a.example', false],
    ['https://a.example/t/.well-known/openid-configuration', 'https://a.example/t/x', true],
    ['https://a.example/t/.well-known/openid-configuration', 'https://b.example/t/x', false],
    ['https://a.example/t/.well-known/openid-configuration', 'https://a.example/u/x', false],
    ['https://a.example/t/.well-known/openid-configuration', 'https://a.example/t/x/y', false],
  ])('%s may name %s: %s', (url, issuer, may) => {
    expect(mayName(url, issuer, ONE)).toBe(may);
  });

  test('signs of patterns in a URL stand for themselves', () => {
    expect(mayName('https://a.example/(t/.well-known/openid-configuration', 'https://a.example/(t/x', ONE)).toBe(true);
    expect(mayName('https://a.example/../.well-known/openid-configuration', 'https://a.example/tt/x', ONE)).toBe(false);
  });
});
