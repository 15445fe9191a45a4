// Masks that stay for the secret that is kept, and those that must not: a secret never goes to a place that its owner did not give it for.

import { describe, expect, test } from 'vitest';
import { unkeepableMasks } from '../../../src/admin/kept-masks.ts';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';

const M = '*****';
const HOST = 'https://sso.example/introspect';
const fieldsOf = (dto: Partial<KeyManagerDto>, former: Partial<KeyManagerDto>) =>
  unkeepableMasks({ name: 'a', type: 'b', ...dto }, { name: 'a', type: 'b', ...former }).map(({ field }) => field);
const secret = { client_id: 'gatehouse', client_secret: M };

describe('a mask stays', () => {
  test.each([
    ['when nothing changed', { introspectionEndpoint: HOST }, { introspectionEndpoint: HOST }],
    ['when another path is asked', { introspectionEndpoint: `${HOST}/2` }, { introspectionEndpoint: HOST }],
    ['when the endpoint is taken away', {}, { introspectionEndpoint: HOST }],
    [
      'when the endpoint takes its other form',
      { endpoints: [{ name: 'introspection_endpoint', value: HOST }] },
      { introspectionEndpoint: HOST },
    ],
    ['when anything else leads elsewhere', { tokenEndpoint: 'https://x.example' }, { tokenEndpoint: HOST }],
  ])('%s', (_when, dto, former) => {
    const additionalProperties = secret;
    expect(fieldsOf({ ...dto, additionalProperties }, { ...former, additionalProperties })).toEqual([]);
  });

  test('in a list whose item is as it was', () => {
    const additionalProperties = { clients: [{ name: 'a', secret: M }, { name: 'b' }] };
    const changed = { clients: [{ name: 'a', secret: M }, { name: 'other' }], more: 1 };
    expect(fieldsOf({ additionalProperties: changed }, { additionalProperties })).toEqual([]);
  });
});

describe('a mask does not stay', () => {
  test.each([
    ['another host', 'https://evil.example/introspect'],
    ['another port', 'https://sso.example:8443/introspect'],
    ['another scheme', 'http://sso.example/introspect'],
    ['a host for the first time', HOST, null],
  ])('when the introspection endpoint leads to %s', (_where, to, from: string | null = HOST) => {
    const former = { ...(from === null ? {} : { introspectionEndpoint: from }), additionalProperties: secret };
    expect(fieldsOf({ introspectionEndpoint: to, additionalProperties: secret }, former)).toEqual([
      'additionalProperties.client_secret',
    ]);
    const own = { ...secret, introspection: { endpoint: to } };
    expect(fieldsOf({ additionalProperties: own }, former)).toEqual(['additionalProperties.client_secret']);
  });

  test('in an item of a list that moved or changed: nobody can tell which secret is meant', () => {
    const [a, b] = [
      { name: 'a', secret: M },
      { name: 'b', secret: M },
    ];
    const former = { additionalProperties: { clients: [a, b] } };
    expect(fieldsOf({ additionalProperties: { clients: [b] } }, former)).toEqual([
      'additionalProperties.clients.0.secret',
    ]);
    expect(fieldsOf({ additionalProperties: { clients: [a, { ...b, name: 'c' }] } }, former)).toEqual([
      'additionalProperties.clients.1.secret',
    ]);
  });

  test('is not in question where the secret is given anew', () => {
    const additionalProperties = { ...secret, client_secret: 'new' };
    const former = { introspectionEndpoint: HOST, additionalProperties: secret };
    expect(fieldsOf({ introspectionEndpoint: 'https://new.example', additionalProperties }, former)).toEqual([]);
  });
});
