// WSO2's key manager API: its status codes, bodies and error codes, over HTTP.

import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdminRig, startRig, TOKENS } from '../admin-rig.ts';

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
    const answer = await post({ name: 'Okta', type: 'Broken issuer' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 901401,
      error: [{ code: '901401', message: 'issuer: is missing; give it' }],
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

describe('a DTO', () => {
  test('comes back with every field of WSO2, those that are not set as null or with their default', async () => {
    const { id, ...dto } = (await (await post({ name: 'Okta', type: 'Okta' })).json()) as { id: string };
    expect(id).toBe('id-1');
    expect(dto).toEqual({
      name: 'Okta',
      displayName: null,
      type: 'Okta',
      description: null,
      wellKnownEndpoint: null,
      introspectionEndpoint: null,
      clientRegistrationEndpoint: null,
      tokenEndpoint: null,
      displayTokenEndpoint: null,
      revokeEndpoint: null,
      displayRevokeEndpoint: null,
      userInfoEndpoint: null,
      authorizeEndpoint: null,
      endpoints: [],
      certificates: null,
      issuer: null,
      alias: null,
      scopeManagementEndpoint: null,
      availableGrantTypes: [],
      enableTokenGeneration: null,
      enableTokenEncryption: false,
      enableTokenHashing: false,
      enableMapOAuthConsumerApps: false,
      enableOAuthAppCreation: false,
      enableSelfValidationJWT: true,
      claimMapping: [],
      consumerKeyClaim: null,
      scopesClaim: null,
      tokenValidation: [],
      enabled: true,
      global: false,
      additionalProperties: null,
      permissions: { permissionType: 'PUBLIC', roles: [] },
      tokenType: 'DIRECT',
      allowedOrganizations: [],
    });
  });

  test('takes endpoints in either of WSO2’s forms, gives both back, and either can be changed', async () => {
    const [before, after] = ['https://a.example/token', 'https://b.example/token'];
    const created = await (await post({ name: 'Okta', type: 'Okta', tokenEndpoint: before })).json();
    const endpoints = [{ name: 'token_endpoint', value: before }];
    expect(created).toMatchObject({ tokenEndpoint: before, endpoints });
    const put = async (body: unknown) => (await rig.call('PUT', `${BASE}/id-1`, TOKENS.write, body)).json();
    const changed = { tokenEndpoint: after, endpoints: [{ name: 'token_endpoint', value: after }] };
    expect(await put({ ...(created as object), tokenEndpoint: after })).toMatchObject(changed);
    expect(await put({ name: 'Okta', type: 'Okta', endpoints: changed.endpoints })).toMatchObject(changed);
  });

  test('that was read can be written back as it is, and unknown additional properties survive', async () => {
    const additionalProperties = { constraints: { x: { type: 'MAX', value: { max: 1 } } }, nested: [{ a: null }] };
    await post({ name: 'Okta', type: 'Okta', additionalProperties, allowedOrganizations: ['carbon.super'] });
    const read = await (await rig.call('GET', `${BASE}/id-1`, TOKENS.read)).json();
    expect(read).toMatchObject({ additionalProperties, allowedOrganizations: ['NONE'] });
    const written = await rig.call('PUT', `${BASE}/id-1`, TOKENS.write, read);
    expect(written.status).toBe(200);
    expect(await written.json()).toEqual(read);
  });

  test('has its secrets masked in every answer, and a mask that is written back keeps them', async () => {
    const additionalProperties = { client_id: 'shown', client_secret: 'hunter2' };
    const created = await (await post({ name: 'Okta', type: 'Okta', additionalProperties })).text();
    const read = await (await rig.call('GET', `${BASE}/id-1`, TOKENS.read)).text();
    const written = await (await rig.call('PUT', `${BASE}/id-1`, TOKENS.write, read)).text();
    for (const text of [created, read, written]) {
      expect(text).not.toContain('hunter2');
      expect(JSON.parse(text)).toMatchObject({ additionalProperties: { client_id: 'shown', client_secret: '*****' } });
    }
    expect(rig.store.rows[0]?.secrets).toEqual({ '/additionalProperties/client_secret': '"hunter2"' });
  });
});

describe('error codes', () => {
  test.each([
    [{ type: 'Okta' }, 901404, 'name: is missing'],
    [{ name: '', type: 'Okta' }, 901404, 'name: is too short'],
    [{ name: 'x'.repeat(101), type: 'Okta' }, 400, 'name: is too long'],
    [{ name: 'a', type: 'Broken type' }, 901400, 'type: '],
    [{ name: 'a', type: 'Broken additionalProperties.audience' }, 901410, 'additionalProperties.audience: '],
    [{ name: 'a', type: 'Broken issuer' }, 901401, 'issuer: '],
  ])('of %j are WSO2’s, with the field', async (body, code, message) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    const told = (await answer.json()) as { code: number; error: { message: string }[] };
    expect([told.code, told.error.length]).toEqual([code, 1]);
    expect(told.error[0]?.message).toContain(message);
  });
});

describe('PUT', () => {
  const put = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${rig.url}${BASE}/id-1`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKENS.write}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  beforeEach(async () => {
    await post({ name: 'Okta', type: 'Okta', description: 'before', displayName: 'gone with the next write' });
  });

  test('replaces everything but the name, and answers 200 with the DTO', async () => {
    const answer = await put({ name: 'Okta', type: 'Auth0', description: 'after' });
    expect(answer.status).toBe(200);
    expect(await answer.json()).toMatchObject({
      id: 'id-1',
      type: 'Auth0',
      description: 'after',
      displayName: null,
    });
  });

  test('refuses another name with 400, as WSO2 does', async () => {
    const answer = await put({ name: 'Other', type: 'Okta' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      code: 400,
      description: "Key Manager name couldn't able to change",
      error: [{ message: expect.stringContaining('name: cannot be changed') }],
    });
  });

  test('answers 404 and 901411, not 500, for what is not there or another organization has', async () => {
    for (const [id, token] of [
      ['id-9', TOKENS.all],
      ['id-1', TOKENS.other],
    ] as const) {
      const answer = await rig.call('PUT', `${BASE}/${id}`, token, { name: 'Okta', type: 'Okta' });
      expect([answer.status, ((await answer.json()) as { code: number }).code]).toEqual([404, 901411]);
    }
    expect(rig.store.rows[0]?.version).toBe(1);
  });

  test('every answer with one key manager names its version, and If-Match is honoured', async () => {
    const read = await rig.call('GET', `${BASE}/id-1`, TOKENS.read);
    const tag = read.headers.get('etag') ?? '';
    expect(tag).toBe('"1"');
    const first = await put({ name: 'Okta', type: 'Okta' }, { 'if-match': tag });
    expect([first.status, first.headers.get('etag')]).toEqual([200, '"2"']);
    const late = await put({ name: 'Okta', type: 'Okta', description: 'late' }, { 'if-match': tag });
    expect(late.status).toBe(412);
    expect(rig.store.rows[0]?.dto.description).toBe(undefined);
    const listed = await put({ name: 'Okta', type: 'Okta' }, { 'if-match': '"7", "2"' });
    expect(listed.status).toBe(200);
    expect((await put({ name: 'Okta', type: 'Okta' }, { 'if-match': '*' })).status).toBe(200);
  });

  test.each(['W/"1"', '1', '', '"01"'])('takes the condition %j for one that does not hold', async (condition) => {
    expect((await put({ name: 'Okta', type: 'Okta' }, { 'if-match': condition })).status).toBe(412);
  });
});

describe('global key managers', () => {
  const GLOBAL = '/api/am/admin/v4/global-key-managers';

  test('are written by callers of the super tenant, in the organization WSO2/System', async () => {
    const answer = await rig.call('POST', GLOBAL, TOKENS.write, { name: 'Global', type: 'Okta', global: false });
    expect([answer.status, answer.headers.get('location')]).toEqual([201, `${GLOBAL}/id-1`]);
    expect(await answer.json()).toMatchObject({ global: true });
    expect(rig.store.rows.map(({ organization }) => organization)).toEqual(['WSO2/System']);
    expect((await (await rig.call('GET', GLOBAL, TOKENS.read)).json()) as object).toMatchObject({
      count: 1,
      list: [{ isGlobal: true }],
    });
    const put = await rig.call('PUT', `${GLOBAL}/id-1`, TOKENS.write, { name: 'Global', type: 'Okta' });
    expect([put.status, (await rig.call('DELETE', `${GLOBAL}/id-1`, TOKENS.write)).status]).toEqual([200, 200]);
  });

  test('are beyond everyone else, on either path', async () => {
    await rig.call('POST', GLOBAL, TOKENS.all, { name: 'Global', type: 'Okta' });
    for (const [method, path] of [
      ['GET', GLOBAL],
      ['POST', GLOBAL],
      ['GET', `${GLOBAL}/id-1`],
      ['PUT', `${GLOBAL}/id-1`],
      ['DELETE', `${GLOBAL}/id-1`],
    ] as const) {
      const body = method === 'POST' || method === 'PUT' ? { name: 'Global', type: 'Okta' } : undefined;
      expect((await rig.call(method, path, TOKENS.other, body)).status).toBe(403);
    }
    expect((await rig.call('DELETE', `${BASE}/id-1`, TOKENS.other)).status).toBe(404);
    expect((await rig.call('DELETE', `${BASE}/id-1`, TOKENS.all)).status).toBe(404);
    expect(rig.store.rows).toHaveLength(1);
  });

  test('are not reached by the id of an organization’s own', async () => {
    await post({ name: 'Okta', type: 'Okta' });
    expect((await rig.call('GET', `${GLOBAL}/id-1`, TOKENS.all)).status).toBe(404);
  });
});

describe('usages', () => {
  const usages = async (path: string, token = TOKENS.read) => {
    const answer = await rig.call('GET', `${BASE}/${path}`, token);
    return { status: answer.status, body: (await answer.json()) as unknown };
  };
  beforeEach(async () => {
    await post({ name: 'used by many', type: 'Okta' });
  });

  test('list APIs and applications of the caller’s organization in WSO2’s form', async () => {
    expect(await usages('id-1/api-usages')).toEqual({
      status: 200,
      body: {
        apiCount: 2,
        apis: [
          { id: 'a', name: 'Api a', version: '1', type: 'API' },
          { id: 'b', name: 'Api b', version: '1', type: 'API' },
        ],
      },
    });
    expect(await usages('id-1/app-usages')).toEqual({
      status: 200,
      body: {
        applicationCount: 1,
        applications: [{ name: 'Shop', uuid: 'app-1', owner: 'ann', organization: 'carbon.super' }],
      },
    });
  });

  test('are paged by offset and limit, and the count is that of all', async () => {
    expect((await usages('id-1/api-usages?offset=1&limit=1')).body).toMatchObject({ apiCount: 2, apis: [{ id: 'b' }] });
    expect((await usages('id-1/api-usages?offset=9')).body).toEqual({ apiCount: 2, apis: [] });
    for (const query of ['offset=-1', 'limit=0', 'limit=x', 'offset=1e3', 'limit=1&limit=2'])
      expect((await usages(`id-1/api-usages?${query}`)).status, query).toBe(400);
  });

  test('of a global key manager are those of the caller’s own organization', async () => {
    await rig.call('POST', '/api/am/admin/v4/global-key-managers', TOKENS.all, { name: 'used', type: 'Okta' });
    expect((await usages('id-2/api-usages', TOKENS.other)).body).toMatchObject({ apiCount: 1, apis: [{ id: 'c' }] });
    expect((await usages('id-2/app-usages', TOKENS.other)).body).toMatchObject({ applicationCount: 0 });
  });

  test('of another organization’s key manager are 404', async () => {
    for (const kind of ['api-usages', 'app-usages'])
      expect((await usages(`id-1/${kind}`, TOKENS.other)).status).toBe(404);
  });

  test('show in the list whether a key manager is used', async () => {
    expect(await (await rig.call('GET', BASE, TOKENS.read)).json()).toMatchObject({ list: [{ isUsed: true }] });
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
          isUsed: false,
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
