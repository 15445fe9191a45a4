// WSO2's two forms of an endpoint: in by either, out by both, changed by either.

import { expect, test } from 'vitest';
import { withBothEndpointForms } from '../../../src/domain/endpoint-forms.ts';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';
import { endpointConflicts } from '../../../src/domain/key-manager-endpoints.ts';

const BASE = { name: 'a', type: 'b' };
const A = 'https://a.example/token';
const B = 'https://b.example/token';
const listed = (value: string, name = 'token_endpoint') => [{ name, value }];

test.each([
  ['field', { tokenEndpoint: A }],
  ['list', { endpoints: listed(A) }],
  ['both', { tokenEndpoint: A, endpoints: listed(A) }],
])('an endpoint that came by %s is in both', (_how, dto) => {
  expect(withBothEndpointForms({ ...BASE, ...dto })).toEqual({ ...BASE, tokenEndpoint: A, endpoints: listed(A) });
});

test('every endpoint of WSO2 has both forms, and others of the list stay', () => {
  const names = {
    wellKnownEndpoint: 'well_known_endpoint',
    introspectionEndpoint: 'introspection_endpoint',
    clientRegistrationEndpoint: 'client_registration_endpoint',
    tokenEndpoint: 'token_endpoint',
    displayTokenEndpoint: 'display_token_endpoint',
    revokeEndpoint: 'revoke_endpoint',
    displayRevokeEndpoint: 'display_revoke_endpoint',
    userInfoEndpoint: 'userinfo_endpoint',
    authorizeEndpoint: 'authorize_endpoint',
    scopeManagementEndpoint: 'scope_endpoint',
  };
  const own = { name: 'is7_roles_endpoint', value: 'https://a.example/roles' };
  const fields = Object.fromEntries(Object.keys(names).map((field) => [field, `https://a.example/${field}`]));
  const endpoints = Object.entries(names).map(([field, name]) => ({ name, value: `https://a.example/${field}` }));
  const whole = { ...BASE, ...fields, endpoints: [own, ...endpoints] };
  expect(withBothEndpointForms({ ...BASE, ...fields, endpoints: [own] })).toEqual(whole);
  expect(withBothEndpointForms({ ...BASE, endpoints: [own, ...endpoints] })).toEqual(whole);
  expect(withBothEndpointForms(whole)).toEqual(whole);
});

test('who changes either form after reading both has changed the endpoint', () => {
  const former: KeyManagerDto = { ...BASE, tokenEndpoint: A, endpoints: listed(A) };
  const changed = { ...BASE, tokenEndpoint: B, endpoints: listed(B) };
  expect(withBothEndpointForms({ ...BASE, tokenEndpoint: B, endpoints: listed(A) }, former)).toEqual(changed);
  expect(withBothEndpointForms({ ...BASE, tokenEndpoint: A, endpoints: listed(B) }, former)).toEqual(changed);
});

test('two forms that differ and of which neither is the former one stay, to be refused', () => {
  const dto = { ...BASE, tokenEndpoint: A, endpoints: listed(B) };
  for (const former of [undefined, { ...BASE, tokenEndpoint: 'https://c.example/token' }]) {
    const both = withBothEndpointForms(dto, former);
    expect(both).toEqual(dto);
    expect(endpointConflicts(both)).toHaveLength(1);
  }
});

test('an entry that the list has twice is not settled by chance', () => {
  const twice = { ...BASE, endpoints: [...listed(A), ...listed(B)] };
  expect(endpointConflicts(withBothEndpointForms(twice))).toHaveLength(1);
});

test('an endpoint is gone when neither form has it; empty text is none', () => {
  const former = { ...BASE, tokenEndpoint: A, endpoints: listed(A) };
  expect(withBothEndpointForms({ ...BASE, tokenEndpoint: '' }, former)).toEqual({
    ...BASE,
    tokenEndpoint: '',
    endpoints: [],
  });
});
