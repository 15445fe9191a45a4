// WSO2's KeyManager DTO: everything WSO2 takes is taken, everything else is named.

import { describe, expect, test } from 'vitest';
import { readParsed } from '../../../../src/documents/reading/read-document.ts';
import { keyManagerDto } from '../../../../src/documents/wso2/key-manager-document.ts';

/** A DTO as WSO2's own administration page posts it. */
const FULL = {
  id: '01234567-0123-0123-0123-012345678901',
  name: 'Keycloak',
  displayName: 'Keycloak of the realm apim',
  type: 'KeyCloak',
  description: 'Realm apim',
  wellKnownEndpoint: 'https://sso.example/realms/apim/.well-known/openid-configuration',
  introspectionEndpoint: 'https://sso.example/introspect',
  clientRegistrationEndpoint: 'https://sso.example/register',
  tokenEndpoint: 'https://sso.example/token',
  displayTokenEndpoint: null,
  revokeEndpoint: 'https://sso.example/revoke',
  displayRevokeEndpoint: null,
  userInfoEndpoint: null,
  authorizeEndpoint: 'https://sso.example/authorize',
  endpoints: [{ name: 'token_endpoint', value: 'https://sso.example/token' }],
  certificates: { type: 'JWKS', value: 'https://sso.example/certs' },
  issuer: 'https://sso.example/realms/apim',
  alias: null,
  scopeManagementEndpoint: null,
  availableGrantTypes: ['client_credentials'],
  enableTokenGeneration: true,
  enableTokenEncryption: false,
  enableTokenHashing: false,
  enableMapOAuthConsumerApps: true,
  enableOAuthAppCreation: false,
  enableSelfValidationJWT: true,
  claimMapping: [{ remoteClaim: 'sub', localClaim: 'http://wso2.org/claims/enduser' }],
  consumerKeyClaim: 'azp',
  scopesClaim: 'scope',
  tokenValidation: [{ id: 1, enable: true, type: 'JWT', value: { body: { iss: 'x' } } }],
  enabled: true,
  global: false,
  additionalProperties: { client_id: 'a', nested: { deep: [1, null] }, constraints: {} },
  permissions: { permissionType: 'ALLOW', roles: ['admin'] },
  tokenType: 'DIRECT',
  allowedOrganizations: ['NONE'],
};

function fieldsOf(value: unknown): string[] {
  const read = readParsed(value, keyManagerDto);
  return read.ok ? [] : read.problems.map((problem) => problem.field);
}

describe('a key manager document', () => {
  test('keeps every field of WSO2 as it was given, but what the server alone may write', () => {
    const read = readParsed(FULL, keyManagerDto);
    const { id: _id, global: _global, ...rest } = FULL;
    const given = Object.fromEntries(Object.entries(rest).filter(([, value]) => value !== null));
    expect(read.ok && JSON.parse(JSON.stringify(read.value))).toEqual(given);
  });

  test('needs only a name and a type, is enabled and validates JWTs itself', () => {
    const read = readParsed({ name: ' Okta ', type: 'Okta' }, keyManagerDto);
    expect(read).toMatchObject({
      ok: true,
      value: {
        name: 'Okta',
        enabled: true,
        enableSelfValidationJWT: true,
        tokenType: 'DIRECT',
        permissions: { permissionType: 'PUBLIC', roles: [] },
        tokenValidation: [],
      },
    });
  });

  test.each([
    ['a missing name', { type: 'Okta' }, ['name']],
    ['an empty name', { name: ' ', type: 'Okta' }, ['name']],
    ['a name of 101 characters', { name: 'n'.repeat(101), type: 'Okta' }, ['name']],
    ['a type of 46 characters', { name: 'n', type: 't'.repeat(46) }, ['type']],
    ['a display name of 101 characters', { ...FULL, displayName: 'n'.repeat(101) }, ['displayName']],
    ['a description of 257 characters', { ...FULL, description: 'd'.repeat(257) }, ['description']],
    ['a line break in a name', { name: 'a\nb', type: 'Okta' }, ['name']],
    ['a name that WSO2 does not have', { ...FULL, jwksUri: 'https://x' }, ['jwksUri']],
    ['an unknown member of a nested object', { ...FULL, permissions: { rolls: [] } }, ['permissions.rolls']],
    ['a text where a switch belongs', { ...FULL, enabled: 'true' }, ['enabled']],
    ['a wrong certificate type', { ...FULL, certificates: { type: 'X509' } }, ['certificates.type']],
    ['a wrong token type', { ...FULL, tokenType: 'SWAPPED' }, ['tokenType']],
    ['a rule without a value', { ...FULL, tokenValidation: [{ type: 'JWT' }] }, ['tokenValidation[0].value']],
    ['additional properties that are a list', { ...FULL, additionalProperties: [] }, ['additionalProperties']],
  ])('refuses %s and names the field', (_what, value, fields) => {
    expect(fieldsOf(value)).toEqual(fields);
  });

  test('refuses texts of more than 65536 characters in what is free in form, at any depth', () => {
    const longest = 'x'.repeat(65_536);
    const withText = (text: string) => ({
      ...FULL,
      additionalProperties: { a: text, b: { c: [1, text] } },
      tokenValidation: [{ type: 'JWT', value: { body: { iss: text } } }],
    });
    expect(fieldsOf(withText(longest))).toEqual([]);
    expect(fieldsOf(withText(`${longest}x`))).toEqual([
      'tokenValidation[0].value.body.iss',
      'additionalProperties.a',
      'additionalProperties.b.c[1]',
    ]);
  });

  test('takes 32 token handling rules and no more', () => {
    const withRules = (count: number) => ({ ...FULL, tokenValidation: Array(count).fill(FULL.tokenValidation[0]) });
    expect(fieldsOf(withRules(32))).toEqual([]);
    expect(fieldsOf(withRules(33))).toEqual(['tokenValidation']);
  });

  test('takes names of exactly the longest length', () => {
    const longest = { name: 'n'.repeat(100), type: 't'.repeat(45), description: 'd'.repeat(256) };
    expect(fieldsOf(longest)).toEqual([]);
  });
});
