// The Publisher's APIs over HTTP, with a real catalog behind them.

import { beforeEach, describe, expect, test } from 'vitest';
import { type Call, startCatalogRig, USERS } from '../catalog-rig.ts';

const APIS = '/api/am/publisher/v4/apis';
const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const PIZZA = {
  name: 'Pizza',
  context: '/pizza',
  version: '1.0.0',
  keyManagers: ['Okta'],
  operations: [{ target: '/menu', verb: 'get', scopes: ['read'] }],
};

let call: Call;
beforeEach(async () => {
  ({ call } = await startCatalogRig());
  const okta = {
    name: 'Okta',
    type: 'CustomKeyManager',
    issuer: 'https://okta.example',
    tokenEndpoint: 'https://okta.example/t',
  };
  const certificates = { type: 'JWKS', value: 'https://okta.example/jwks' };
  const created = await call('POST', KEY_MANAGERS, { ...okta, certificates, revokeEndpoint: 'https://okta.example/r' });
  expect(created.status).toBe(201);
});

const create = async (changes: object = {}) => (await call('POST', APIS, { ...PIZZA, ...changes })).body;

describe('an API', () => {
  test('is created as in WSO2, unpublished, and comes back as it was written', async () => {
    const { status, location, etag, body } = await call('POST', APIS, PIZZA);
    expect([status, location, etag]).toEqual([201, `${APIS}/${body.id}`, '"1"']);
    expect(body).toMatchObject({
      ...PIZZA,
      operations: [
        {
          target: '/menu',
          verb: 'GET',
          authType: 'Application & Application User',
          scopes: ['read'],
          throttlingPolicy: 'Unlimited',
        },
      ],
      lifeCycleStatus: 'CREATED',
      provider: 'all',
      securityScheme: ['oauth2'],
      subscriptionValidation: true,
    });
    expect((await call('GET', `${APIS}/${body.id}`)).body).toEqual(body);
  });

  test.each([
    ['/pizza', '1.0.0', false],
    ['pizza', '1.0.0', true],
    ['/{version}/pizza', 'v2', true],
    ['/pizza/v{version}', '1', false],
    ['/', '1.0.0', true],
    ['/t/acme/pizza', '1.0.0', true],
  ])('can be written as it was read: %s at %s', async (context, version, isDefaultVersion) => {
    const read = await create({ context, version, isDefaultVersion });
    expect(read.context).toBe(context.startsWith('/') ? context : `/${context}`);
    const again = await call('PUT', `${APIS}/${read.id}`, read);
    expect([again.status, again.body]).toEqual([200, read]);
  });

  test('keeps what WSO2 has and nothing here uses, but no secret in it', async () => {
    const more = {
      description: 'good',
      tags: ['food'],
      policies: ['Gold'],
      businessInformation: { businessOwner: 'jane' },
      corsConfiguration: { accessControlAllowHeaders: ['x'] },
      endpointConfig: {
        endpoint_type: 'http',
        production_endpoints: { url: 'https://pizza.example' },
        endpoint_security: { production: { username: 'u', password: 'hunter2' } },
      },
      operations: [
        {
          target: '/menu',
          verb: 'GET',
          authType: 'Application User',
          uriMapping: '/m',
          operationPolicies: { request: [] },
        },
      ],
    };
    const read = await create(more);
    expect(JSON.stringify(read)).not.toContain('hunter2');
    const masked = { ...more.endpointConfig, endpoint_security: { production: { username: 'u', password: '*****' } } };
    expect(read).toMatchObject({ ...more, endpointConfig: masked });
    expect(read).not.toHaveProperty('endpoints');
    const again = await call('PUT', `${APIS}/${read.id}`, read);
    expect(again.body).toEqual(read);
  });

  test('with a name that WSO2 does not have is refused with what was meant', async () => {
    const { status, body } = await call('POST', APIS, { ...PIZZA, keyManagrs: [], isDefault: true });
    expect([status, JSON.stringify(body.error)]).toEqual([
      400,
      expect.stringContaining('did you mean \\"keyManagers\\"'),
    ]);
  });

  test('has to say which key managers it accepts, and they have to be there', async () => {
    const { keyManagers: _, ...without } = PIZZA;
    expect((await call('POST', APIS, without)).body.error[0].message).toContain('keyManagers: is missing');
    const unknown = await call('POST', APIS, { ...PIZZA, keyManagers: ['Keycloak'] });
    expect([unknown.status, unknown.body.error[0].message]).toEqual([400, expect.stringContaining('Keycloak')]);
  });

  test('of a name and version that exist, or where another one answers, is 409', async () => {
    await create();
    expect((await call('POST', APIS, PIZZA)).status).toBe(409);
    expect((await call('POST', APIS, { ...PIZZA, name: 'Pasta' })).status).toBe(409);
  });

  test.each(['name', 'version', 'context'])('keeps its %s', async (field) => {
    const { id } = await create();
    const changed = await call('PUT', `${APIS}/${id}`, { ...PIZZA, [field]: field === 'context' ? '/x' : 'x' });
    expect([changed.status, changed.body.error[0].message]).toEqual([
      400,
      expect.stringContaining('cannot be changed'),
    ]);
  });

  test('is changed and deleted only as it was last seen, where the caller says so', async () => {
    const { id } = await create();
    const at = (tag: string) => ({ headers: { 'if-match': tag } });
    expect((await call('PUT', `${APIS}/${id}`, PIZZA, at('"1"'))).etag).toBe('"2"');
    expect((await call('PUT', `${APIS}/${id}`, PIZZA, at('"1"'))).status).toBe(412);
    expect((await call('DELETE', `${APIS}/${id}`, undefined, at('"1"'))).status).toBe(412);
    expect((await call('DELETE', `${APIS}/${id}`, undefined, at('"2"'))).status).toBe(200);
    expect((await call('GET', `${APIS}/${id}`)).status).toBe(404);
  });

  test('keeps its lifecycle where a write says none', async () => {
    const { id } = await create({ lifeCycleStatus: 'PUBLISHED' });
    expect((await call('PUT', `${APIS}/${id}`, PIZZA)).body.lifeCycleStatus).toBe('PUBLISHED');
  });

  test('that is blocked while somebody else writes it stays blocked', async () => {
    const { id } = await create({ lifeCycleStatus: 'PUBLISHED' });
    for (let round = 0; round < 10; round += 1) {
      const [blocked] = await Promise.all([
        call('POST', `${APIS}/change-lifecycle?apiId=${id}&action=Block`),
        ...Array.from({ length: 4 }, () => call('PUT', `${APIS}/${id}`, PIZZA)),
      ]);
      if (blocked.status !== 200) continue;
      expect((await call('GET', `${APIS}/${id}`)).body.lifeCycleStatus).toBe('BLOCKED');
      await call('POST', `${APIS}/change-lifecycle?apiId=${id}&action=Re-Publish`);
    }
  });
});

describe('the lifecycle', () => {
  const change = (id: string, action: string, token?: string) =>
    call(
      'POST',
      `${APIS}/change-lifecycle?apiId=${id}&action=${encodeURIComponent(action)}`,
      undefined,
      token === undefined ? {} : { token },
    );

  test('goes the ways that WSO2 has, and no others', async () => {
    const { id } = await create();
    expect((await change(id, 'Deprecate')).body.error[0].message).toContain(
      'use one of Publish, Deploy as a Prototype',
    );
    const states: string[] = [];
    for (const action of ['Deploy as a Prototype', 'Publish', 'Block', 'Re-Publish', 'Deprecate', 'Retire'])
      states.push((await change(id, action)).body.lifecycleState.state);
    expect(states).toEqual(['PROTOTYPED', 'PUBLISHED', 'BLOCKED', 'PUBLISHED', 'DEPRECATED', 'RETIRED']);
    expect((await change(id, 'Publish')).status).toBe(400);
    expect((await change(id, 'constructor')).status).toBe(400);
    expect((await call('GET', `${APIS}/${id}/lifecycle-state`)).body).toEqual({
      state: 'RETIRED',
      checkItems: [],
      availableTransitions: [],
    });
    expect((await change('nowhere', 'Publish')).status).toBe(404);
  });

  test('is not changed by who may only create APIs, neither by action nor in a DTO', async () => {
    const { token } = USERS.creator;
    const { id } = (await call('POST', APIS, PIZZA, { token })).body;
    expect((await change(id, 'Publish', token)).status).toBe(403);
    const published = { ...PIZZA, lifeCycleStatus: 'PUBLISHED' };
    expect((await call('PUT', `${APIS}/${id}`, published, { token })).status).toBe(403);
    expect((await call('POST', APIS, { ...published, name: 'b', context: '/b' }, { token })).status).toBe(403);
    expect((await call('GET', `${APIS}/${id}`)).body.lifeCycleStatus).toBe('CREATED');
  });
});

test('APIs are listed in pages and searched as in WSO2', async () => {
  for (const name of ['Pizza', 'Pasta', 'Soup']) await create({ name, context: `/${name.toLowerCase()}` });
  const names = async (query: string) => {
    const { body } = await call('GET', `${APIS}?${query}`);
    return body.list.map(({ name }: { name: string }) => name);
  };
  expect(await names('')).toEqual(['Pasta', 'Pizza', 'Soup']);
  expect(await names('limit=1&offset=1')).toEqual(['Pizza']);
  expect((await call('GET', `${APIS}?limit=1&offset=1`)).body.pagination).toMatchObject({
    total: 3,
    limit: 1,
    offset: 1,
  });
  expect(await names('query=PI')).toEqual(['Pizza']);
  expect(await names('query=name:p%20context:/pasta')).toEqual(['Pasta']);
  expect(await names('query=status:published')).toEqual([]);
  expect(await names('query=name:%25')).toEqual([]);
  const wrong = await call('GET', `${APIS}?query=contxt:/a`);
  expect([wrong.status, wrong.body.error[0].message]).toEqual([400, expect.stringContaining('did you mean "context"')]);
});

describe('an OpenAPI document', () => {
  const IMPORT = `${APIS}/import-openapi`;
  const definition = {
    openapi: '3.0.0',
    info: { title: 'Docs', version: '1' },
    paths: { '/a': { get: { 'x-auth-type': 'None' } } },
  };

  test('becomes an API; what is wrong with it is told, and nothing is written', async () => {
    const additionalProperties = { context: '/docs', keyManagers: ['Okta'] };
    const made = await call('POST', IMPORT, { inlineAPIDefinition: definition, additionalProperties });
    expect([made.status, made.body.operations]).toMatchObject([201, [{ target: '/a', authType: 'None' }]]);
    const refused = await call('POST', IMPORT, { inlineAPIDefinition: definition });
    expect([refused.status, JSON.stringify(refused.body.error)]).toEqual([
      400,
      expect.stringContaining('keyManagers: is missing'),
    ]);
    expect((await call('GET', APIS)).body.count).toBe(1);
  });

  test('is never fetched from a URL', async () => {
    const { rig } = await startCatalogRig();
    const form = new FormData();
    form.set('url', 'http://127.0.0.1:1/openapi.yaml');
    const headers = { authorization: 'Bearer token-all' };
    const reply = await fetch(`${rig.url}${IMPORT}`, { method: 'POST', headers, body: form });
    expect([reply.status, await reply.text()]).toEqual([400, expect.stringContaining('is not fetched')]);
  });

  test('of more than 10 MiB is 413, as a file and as JSON', async () => {
    const { rig } = await startCatalogRig();
    const headers = { authorization: 'Bearer token-all' };
    const form = new FormData();
    form.set('file', new Blob(['x'.repeat(10_485_761)]), 'openapi.yaml');
    expect((await fetch(`${rig.url}${IMPORT}`, { method: 'POST', headers, body: form })).status).toBe(413);
    const body = JSON.stringify({ inlineAPIDefinition: 'x'.repeat(23_000_000) });
    const json = { ...headers, 'content-type': 'application/json' };
    expect((await fetch(`${rig.url}${IMPORT}`, { method: 'POST', headers: json, body })).status).toBe(413);
  });

  test('is read one at a time; whoever comes meanwhile is asked to come again', async () => {
    const body = { inlineAPIDefinition: definition, additionalProperties: { context: '/docs', keyManagers: ['Okta'] } };
    const replies = await Promise.all([call('POST', IMPORT, body), call('POST', IMPORT, body)]);
    expect(replies.map(({ status }) => status).sort()).toEqual([201, 503]);
  });
});
