// A key manager in the form that WSO2 stores it in, to the DTO of its admin API.

import { expect, test } from 'vitest';
import type { KeyManagerDto } from '../../../../src/domain/key-manager-dto.ts';
import { readKeyManager } from '../../../../src/sync/wso2/read-key-manager.ts';

const ROW = {
  ...{
    uuid: 'km',
    name: 'Okta',
    type: 'Okta',
    enabled: true,
    organization: 'WSO2/System',
    tokenType: 'BOTH',
    alias: 'gw',
  },
  permissions: { permissionType: 'DENY', roles: ['guest'] },
  endpoints: { revoke_endpoint: 'https://idp.example/revoke' },
  additionalProperties: {
    ...{
      issuer: 'https://idp.example',
      well_known_endpoint: 'https://idp.example/.well-known',
      self_validate_jwt: 'true',
    },
    ...{ introspection_endpoint: 'https://idp.example/introspect', token_endpoint: 'https://idp.example/token' },
    ...{ certificate_type: 'PEM', certificate_value: 'LS0t', scopes_claim: 'scp', grant_types: ['client_credentials'] },
    token_format_string: '[{"id":1,"enable":true,"type":"JWT","value":{"body":{"iss":"https://idp.example"}}}]',
    claim_mappings: [{ remoteClaim: 'sub', localClaim: 'user' }],
    ...{ apiKey: 'secret', enable_oauth_app_creation: true, VALIDITY_PERIOD: '3600' },
  },
};

function dtoOf(row: unknown): KeyManagerDto | string {
  let judged: KeyManagerDto | undefined;
  const read = readKeyManager(row, 'carbon.super', (dto) => {
    judged = dto;
    return { dto, secrets: {}, enabled: true, issuers: [], jwtRules: [] };
  });
  return 'wrong' in read ? read.wrong : (judged ?? 'was not judged');
}

test('has every known property in the field that it belongs to, and the others where they were', () => {
  expect(dtoOf(ROW)).toEqual({
    ...{ name: 'Okta', type: 'Okta', enabled: true, tokenType: 'BOTH', alias: 'gw', issuer: 'https://idp.example' },
    ...{
      wellKnownEndpoint: 'https://idp.example/.well-known',
      introspectionEndpoint: 'https://idp.example/introspect',
    },
    ...{ tokenEndpoint: 'https://idp.example/token', revokeEndpoint: 'https://idp.example/revoke', scopesClaim: 'scp' },
    ...{ enableSelfValidationJWT: true, enableOAuthAppCreation: true, availableGrantTypes: ['client_credentials'] },
    certificates: { type: 'PEM', value: 'LS0t' },
    tokenValidation: [{ id: 1, enable: true, type: 'JWT', value: { body: { iss: 'https://idp.example' } } }],
    claimMapping: [{ remoteClaim: 'sub', localClaim: 'user' }],
    permissions: { permissionType: 'DENY', roles: ['guest'] },
    additionalProperties: { apiKey: 'secret', VALIDITY_PERIOD: '3600' },
  });
});

test('is stored under its id, and knows whether it is the Global one', () => {
  const judge = (dto: KeyManagerDto) => ({ dto, secrets: {}, enabled: true, issuers: [], jwtRules: [] });
  expect(readKeyManager(ROW, 'carbon.super', judge)).toMatchObject({
    id: 'km',
    organization: 'WSO2/System',
    dto: { id: 'km', global: true },
  });
});

test('that does not say whether it is enabled is not', () => {
  expect(dtoOf({ ...ROW, enabled: undefined })).toMatchObject({ enabled: false });
});

test.each([
  ['uuid', { uuid: '' }],
  ['tokenType', { tokenType: 'OTHER' }],
  ['additionalProperties', { additionalProperties: 'x' }],
  ['additionalProperties.token_format_string', { additionalProperties: { token_format_string: '{' } }],
  ['additionalProperties.certificate_type', { additionalProperties: { certificate_value: 'x' } }],
  ['additionalProperties.self_validate_jwt', { additionalProperties: { self_validate_jwt: 'maybe' } }],
])('with a wrong %s is none', (wrong, over) => {
  expect(dtoOf({ ...ROW, ...over })).toBe(wrong);
});

test('that its type refuses is named by the fields at fault', () => {
  const refuse = () => ({ problems: [{ field: 'issuer', message: 'is missing' }] });
  expect(readKeyManager(ROW, 'carbon.super', refuse)).toEqual({ wrong: 'issuer' });
});
