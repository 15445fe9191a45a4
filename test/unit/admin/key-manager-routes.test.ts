// WSO2's key manager API: its status codes, bodies and error codes, over HTTP.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdminRig, startRig, TOKENS } from './admin-rig.ts';

const BASE = '/api/am/admin/v4/key-managers';
let rig: AdminRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const post = (body: unknown, token = TOKENS.all) => rig.call('POST', BASE, token, body);

describe('POST', () => {
  test('answers 201 with the DTO and where it is', async () => {
    const answer = await post({ name: 'Okta', type: 'Okta', issuer: 'https://okta.example' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('location')).toBe(`${BASE}/id-1`);
    expect(await answer.json()).toMatchObject({
      id: 'id-1',
      name: 'Okta',
      issuer: 'https://okta.example',
      enabled: true,
      global: false,
    });
  });

  test('takes the organization from the caller, whatever the body says', async () => {
    await post({ name: 'Okta', type: 'Okta', allowedOrganizations: ['carbon.super'] }, TOKENS.other);
    expect(rig.store.rows.map(({ organization }) => organization)).toEqual(['other.example']);
    expect((await post({ name: 'Okta', type: 'Okta', organization: 'carbon.super' }, TOKENS.other)).status).toBe(400);
  });

  test('names every wrong field and its fix in WSO2’s error body', async () => {
    const answer = await post({ type: 'Okta', isuer: 'x', enabled: 1 });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toEqual({
      code: 400,
      message: 'Bad Request',
      description: 'The request body has 3 problem(s)',
      moreInfo: '',
      error: [
        { code: '400', message: 'name: is missing. Fix: add it; give text, in quotes where it looks like a number' },
        { code: '400', message: 'enabled: must be true or false. Fix: give true or false' },
        {
          code: '400',
          message: 'isuer: is not a known name (did you mean "issuer"?). Fix: write issuer, or remove it',
        },
      ],
    });
  });

  test('answers 901401 and the missing names where a type lacks what it requires', async () => {
    const answer = await post({ name: 'Okta', type: 'Broken' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 901401,
      error: [{ code: '901401', message: 'issuer: is missing; give the issuer' }],
    });
  });

  test('answers 409 and 901402 for a name that exists', async () => {
    await post({ name: 'Okta', type: 'Okta' });
    const answer = await post({ name: 'Okta', type: 'Okta' });
    expect([answer.status, ((await answer.json()) as { code: number }).code]).toEqual([409, 901402]);
  });

  test('tells warnings in a header that stays one header', async () => {
    const answer = await post({ name: 'Okta', type: 'Odd' });
    expect(answer.status).toBe(201);
    expect(answer.headers.get('x-gatehouse-warning')).toBe('looks odd ? really??x: y');
    expect(answer.headers.get('x')).toBe(null);
  });
});

describe('secrets', () => {
  test('are hidden wherever the DTO is given back, and stored as they came', async () => {
    const additionalProperties = {
      client_id: 'shown',
      client_secret: 'hunter2',
      ClientSecret: 'hunter2',
      apiKey: 'hunter2',
      password: 'hunter2',
      passphrase: 'hunter2',
      SharedThing: 'hunter2',
      introspection: { token: 'hunter2', list: [{ privateKey: 'hunter2' }] },
      token_endpoint: 'https://user:hunter2@sso.example/token',
      self_validate_jwt: true,
      enable_token_hash: false,
    };
    const created = await post({
      name: 'Okta',
      type: 'Okta',
      tokenEndpoint: 'https://a:hunter2@x/y',
      additionalProperties,
    });
    const texts = [await created.text(), await (await rig.call('GET', `${BASE}/id-1`, TOKENS.read)).text()];
    for (const text of texts) {
      expect(text).not.toContain('hunter2');
      expect(JSON.parse(text)).toMatchObject({
        tokenEndpoint: 'https://*****@x/y',
        additionalProperties: {
          client_id: 'shown',
          client_secret: '*****',
          introspection: { token: '*****', list: [{ privateKey: '*****' }] },
          token_endpoint: 'https://*****@sso.example/token',
          self_validate_jwt: true,
          enable_token_hash: false,
        },
      });
    }
    expect(rig.store.rows[0]?.dto.additionalProperties).toEqual(additionalProperties);
  });
});

describe('GET and DELETE', () => {
  test('list in WSO2’s short form, only the caller’s organization', async () => {
    await post({ name: 'Okta', type: 'Okta', description: 'one' });
    await post({ name: 'Auth0', type: 'Auth0' }, TOKENS.other);
    expect(await (await rig.call('GET', BASE, TOKENS.read)).json()).toEqual({
      count: 1,
      list: [
        {
          id: 'id-1',
          name: 'Okta',
          type: 'Okta',
          description: 'one',
          enabled: true,
          isGlobal: false,
          tokenType: 'DIRECT',
        },
      ],
    });
  });

  test('answer 404 and 901411 for what another organization has', async () => {
    await post({ name: 'Okta', type: 'Okta' });
    for (const method of ['GET', 'DELETE']) {
      const answer = await rig.call(method, `${BASE}/id-1`, TOKENS.other);
      expect([answer.status, ((await answer.json()) as { code: number }).code]).toEqual([404, 901411]);
    }
  });

  test('delete with 200 and an empty body', async () => {
    await post({ name: 'Okta', type: 'Okta' });
    const answer = await rig.call('DELETE', `${BASE}/id-1`, TOKENS.write);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(rig.store.rows).toEqual([]);
  });

  test('refuse to delete what is in use with 412 and 902015, unless forced', async () => {
    await post({ name: 'used by pizza', type: 'Okta' });
    const answer = await rig.call('DELETE', `${BASE}/id-1`, TOKENS.write);
    expect(answer.status).toBe(412);
    expect(await answer.json()).toMatchObject({ code: 902015, error: [{ message: 'apis: listed by pizza:1.0.0' }] });
    expect((await rig.call('DELETE', `${BASE}/id-1?force=false`, TOKENS.write)).status).toBe(412);
    expect((await rig.call('DELETE', `${BASE}/id-1?force=true`, TOKENS.write)).status).toBe(200);
  });
});
