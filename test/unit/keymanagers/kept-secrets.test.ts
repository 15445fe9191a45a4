import { describe, expect, test } from 'vitest';
import type { KeyManagerDto } from '../../../src/domain/key-manager-dto.ts';
import { SECRET_MASK } from '../../../src/domain/secret-fields.ts';
import { dto, judge, judged, problemsOf, resolved } from './key-manager-sample.ts';

const ENDPOINT = 'https://idp.example/introspect';
const own = (clientSecret: string, more: object = {}) => ({
  introspectionEndpoint: ENDPOINT,
  additionalProperties: { introspection: { method: 'client_secret_basic', clientId: 'a', clientSecret }, ...more },
});
const kept = (changes: Partial<KeyManagerDto>) => {
  const { dto: masked, secrets } = judged(changes);
  return { dto: masked, secrets };
};

describe('secrets', () => {
  test('are taken out of additionalProperties, by pointer into the DTO', () => {
    const told = judged(own('s3cret', { apiKey: 'k', headers: { 'x-tenant': 'bank' }, plain: 'p' }));
    expect(told.dto.additionalProperties).toEqual({
      introspection: { method: 'client_secret_basic', clientId: 'a', clientSecret: SECRET_MASK },
      apiKey: SECRET_MASK,
      headers: SECRET_MASK,
      plain: 'p',
    });
    expect(told.secrets).toEqual({
      '/additionalProperties/introspection/clientSecret': '"s3cret"',
      '/additionalProperties/apiKey': '"k"',
      '/additionalProperties/headers': '{"x-tenant":"bank"}',
    });
  });

  test('are looked for nowhere else: WSO2’s own fields are none', () => {
    expect(judged({ enableTokenHashing: true, tokenEndpoint: 'https://idp.example/token' })).toMatchObject({
      dto: { enableTokenHashing: true, tokenEndpoint: 'https://idp.example/token' },
      secrets: {},
    });
  });

  test('that a type names are secret whatever they sound like', () => {
    const additionalProperties = { username: 'admin', password: 'ws', client_id: 'c', client_secret: 's' };
    expect(judged({ type: 'PingFederate', additionalProperties }).dto.additionalProperties).toEqual({
      username: 'admin',
      password: SECRET_MASK,
      client_id: 'c',
      client_secret: SECRET_MASK,
    });
  });

  test('are whole again where the key manager is resolved', () => {
    expect(resolved(own('s3cret')).introspection?.auth).toMatchObject({ clientSecret: 's3cret' });
  });
});

describe('the mask', () => {
  test('is no secret where none is kept', () => {
    expect(problemsOf(own(SECRET_MASK))).toEqual({
      'additionalProperties.introspection.clientSecret': expect.stringContaining('give the secret'),
    });
    expect(problemsOf({ additionalProperties: { list: [{ password: SECRET_MASK }] } })).toHaveProperty([
      'additionalProperties.list[0].password',
    ]);
    expect(problemsOf(own(SECRET_MASK), { kept: kept({}) })).toHaveProperty([
      'additionalProperties.introspection.clientSecret',
    ]);
  });

  test('keeps the secret, which is judged like one that was given', () => {
    const told = judged(own(SECRET_MASK), { kept: kept(own('s3cret')) });
    expect(told.secrets).toEqual({ '/additionalProperties/introspection/clientSecret': '"s3cret"' });
    expect(JSON.stringify(told.dto)).not.toContain('s3cret');
  });

  test('gives way to a secret that is given', () => {
    const told = judged(own('new'), { kept: kept(own('old')) });
    expect(told.secrets).toEqual({ '/additionalProperties/introspection/clientSecret': '"new"' });
  });

  test('in a text elsewhere is a text', () => {
    expect(judged({ description: SECRET_MASK }, { kept: kept({}) }).dto.description).toBe(SECRET_MASK);
  });
});

describe('a kept secret', () => {
  const stray = expect.stringContaining('another server');
  test('is not sent to another server than before', () => {
    const moved = { ...own(SECRET_MASK), introspectionEndpoint: 'https://evil.example/introspect' };
    expect(problemsOf(moved, { kept: kept(own('s3cret')) })).toEqual({
      'additionalProperties.introspection.clientSecret': stray,
    });
    expect(problemsOf({ ...moved, ...own('given again') }, { kept: kept(own('s3cret')) })).toEqual({});
  });

  test('of the connector neither', () => {
    const keycloak = (client_secret: string, introspectionEndpoint: string | undefined) => ({
      type: 'KeyCloak',
      introspectionEndpoint,
      additionalProperties: { client_id: 'c', client_secret },
    });
    const before = kept(keycloak('s', ENDPOINT));
    expect(problemsOf(keycloak(SECRET_MASK, 'https://evil.example/i'), { kept: before })).toEqual({
      'additionalProperties.client_secret': stray,
    });
    expect(problemsOf(keycloak(SECRET_MASK, `${ENDPOINT}/v2`), { kept: before })).toEqual({});
    expect(problemsOf(keycloak(SECRET_MASK, undefined), { kept: before })).toEqual({});
    expect(problemsOf(keycloak(SECRET_MASK, ENDPOINT), { kept: kept(keycloak('s', undefined)) })).toEqual({
      'additionalProperties.client_secret': stray,
    });
  });

  test('that is not sent now is not left behind where the server changes: a change of type later would send it there', () => {
    const additionalProperties = { client_id: 'c', client_secret: 's' };
    const before = kept({ type: 'KeyCloak', introspectionEndpoint: ENDPOINT, additionalProperties });
    const asking = {
      introspectionEndpoint: 'https://evil.example/introspect',
      additionalProperties: { client_id: 'c', client_secret: SECRET_MASK, introspection: { method: 'none' } },
    };
    expect(problemsOf(asking, { kept: before })).toEqual({ 'additionalProperties.client_secret': stray });
    const silent = { ...asking, additionalProperties: { client_id: 'c', client_secret: SECRET_MASK } };
    expect(problemsOf(silent, { kept: before })).toEqual({});
    const silenced = { dto: judged(silent, { kept: before }).dto, secrets: before.secrets };
    expect(problemsOf({ ...silent, type: 'KeyCloak' }, { kept: silenced })).toEqual({
      'additionalProperties.client_secret': stray,
    });
  });

  test('that goes nowhere may stay while the server changes', () => {
    const okta = (introspectionEndpoint: string, client_secret: string, apiKey: string) => ({
      type: 'Okta',
      issuer: 'https://bank.okta.com/oauth2/default',
      introspectionEndpoint,
      additionalProperties: { apiKey, client_id: 'c', client_secret },
    });
    const before = kept(okta(ENDPOINT, 's', 'k'));
    expect(problemsOf(okta('https://new.example/i', 'given again', SECRET_MASK), { kept: before })).toEqual({});
  });
});

test('one wrong field and one missing secret are both told', () => {
  const told = judge({ ...own(SECRET_MASK), certificates: undefined });
  expect('problems' in told && told.problems.map(({ field }) => field)).toEqual([
    'additionalProperties.introspection.clientSecret',
    'certificates',
  ]);
});

test('what is judged is the DTO as it was given', () => {
  const given = own('s3cret');
  judged(given);
  expect(given).toEqual(own('s3cret'));
  expect(judged(dto({ displayName: 'x' })).dto).toMatchObject({ displayName: 'x' });
});
