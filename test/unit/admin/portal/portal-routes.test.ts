// The developer portal over HTTP, with a real catalog behind it: whose applications are whose, which clients may be provided, who may
// subscribe, and what a block does.

import { beforeEach, describe, expect, test } from 'vitest';
import { TOKENS } from '../admin-rig.ts';
import { type Call, startCatalogRig, USERS } from '../catalog-rig.ts';

const ADMIN = '/api/am/admin/v4';
const PUBLISHER = '/api/am/publisher/v4';
const PORTAL = '/api/am/devportal/v3';

let call: Call;
beforeEach(async () => {
  ({ call } = await startCatalogRig());
});

const as = (user: keyof typeof USERS) => ({ token: USERS[user].token });
const onBehalfOf = (name: string, roles?: string) => ({
  headers: {
    'x-gatehouse-on-behalf-of': name,
    ...(roles !== undefined && { 'x-gatehouse-on-behalf-of-roles': roles }),
  },
});

async function keyManager(name: string, changes: object = {}): Promise<string> {
  const issuer = `https://${name.toLowerCase()}.example`;
  const reply = await call('POST', `${ADMIN}/key-managers`, {
    name,
    type: 'CustomKeyManager',
    issuer,
    tokenEndpoint: `${issuer}/token`,
    revokeEndpoint: `${issuer}/revoke`,
    certificates: { type: 'JWKS', value: `${issuer}/jwks` },
    enableMapOAuthConsumerApps: true,
    ...changes,
  });
  expect(reply.status).toBe(201);
  return reply.body.id;
}

async function application(user: keyof typeof USERS = 'ann', changes: object = {}): Promise<string> {
  const reply = await call('POST', `${PORTAL}/applications`, { name: 'Shop', ...changes }, as(user));
  expect(reply.status).toBe(201);
  return reply.body.applicationId;
}

async function api(changes: object = {}): Promise<string> {
  const reply = await call('POST', `${PUBLISHER}/apis`, {
    name: 'Pizza',
    context: '/pizza',
    version: '1.0.0',
    keyManagers: ['all'],
    lifeCycleStatus: 'PUBLISHED',
    ...changes,
  });
  expect(reply.status).toBe(201);
  return reply.body.id;
}

describe('an application', () => {
  test('is its creator’s, with everything of WSO2’s form', async () => {
    const given = {
      name: 'Shop',
      throttlingPolicy: '10PerMin',
      description: 'd',
      attributes: { color: 'red' },
      tokenType: 'OAUTH',
    };
    const { status, location, body, etag } = await call('POST', `${PORTAL}/applications`, given, as('ann'));
    expect([status, location, etag]).toEqual([201, `${PORTAL}/applications/${body.applicationId}`, '"1"']);
    expect(body).toMatchObject({
      ...given,
      owner: 'ann',
      status: 'APPROVED',
      groups: [],
      subscriptionCount: 0,
      keys: [],
    });
    expect((await call('GET', location ?? '', undefined, as('ann'))).body).toEqual(body);
    expect((await call('PUT', location ?? '', body, as('ann'))).body).toEqual(body);
  });

  test('is not there for another user, nor for another organization', async () => {
    const id = await application('ann');
    for (const other of ['bob', 'eve'] as const) {
      for (const method of ['GET', 'PUT', 'DELETE'])
        expect(
          (await call(method, `${PORTAL}/applications/${id}`, method === 'PUT' ? { name: 'x' } : undefined, as(other)))
            .status,
        ).toBe(404);
      expect((await call('GET', `${PORTAL}/applications`, undefined, as(other))).body.list).toEqual([]);
    }
  });

  test('is there for whoever has one of its groups, and for an admin', async () => {
    const id = await application('bob', { groups: ['partner'] });
    expect((await call('GET', `${PORTAL}/applications/${id}`, undefined, as('ann'))).status).toBe(200);
    expect((await call('GET', `${PORTAL}/applications`, undefined, as('ann'))).body.count).toBe(1);
    expect((await call('GET', `${PORTAL}/applications`)).body.count).toBe(1);
    expect((await call('GET', `${PORTAL}/applications`, undefined, onBehalfOf('zoe'))).body.count).toBe(0);
    expect((await call('GET', `${PORTAL}/applications`, undefined, onBehalfOf('zoe', 'x, partner'))).body.count).toBe(
      1,
    );
  });

  test('is given away by an admin only', async () => {
    const id = await application('ann');
    expect((await call('PUT', `${PORTAL}/applications/${id}`, { name: 'Shop', owner: 'bob' }, as('ann'))).status).toBe(
      400,
    );
    expect((await call('POST', `${PORTAL}/applications`, { name: 'x', owner: 'bob' }, as('ann'))).status).toBe(400);
    expect((await call('PUT', `${PORTAL}/applications/${id}`, { name: 'Shop', owner: 'bob' })).body.owner).toBe('bob');
    expect((await call('GET', `${PORTAL}/applications/${id}`, undefined, as('ann'))).status).toBe(404);
  });

  test('of a name that its owner has already is 409, of a policy that nobody defined 400', async () => {
    await application('ann');
    expect((await call('POST', `${PORTAL}/applications`, { name: 'Shop' }, as('ann'))).status).toBe(409);
    await call('POST', `${ADMIN}/throttling/policies/application`, { policyName: '10PerMin' });
    const wrong = await call('POST', `${PORTAL}/applications`, { name: 'x', throttlingPolicy: '10PreMin' }, as('ann'));
    expect([wrong.status, wrong.body.error[0].message]).toEqual([400, expect.stringContaining('throttlingPolicy')]);
    const right = await call('POST', `${PORTAL}/applications`, { name: 'x', throttlingPolicy: '10PerMin' }, as('ann'));
    expect(right.status).toBe(201);
  });

  test('that a deny policy names keeps its name while that is on', async () => {
    const id = await application('ann');
    const condition = { conditionType: 'APPLICATION', conditionValue: 'ann:Shop', conditionStatus: true };
    const denied = await call('POST', `${ADMIN}/throttling/deny-policies`, condition);
    expect(denied.status).toBe(201);
    const rename = () =>
      call('PUT', `${PORTAL}/applications/${id}`, { name: 'Stall', throttlingPolicy: 'Unlimited' }, as('ann'));
    expect((await rename()).status).toBe(400);
    await call('DELETE', `${ADMIN}/throttling/deny-policy/${denied.body.conditionId}`);
    expect((await rename()).status).toBe(200);
  });

  test('is called for on behalf of a user by admins alone', async () => {
    const made = await call('POST', `${PORTAL}/applications`, { name: 'Shop' }, onBehalfOf('zoe'));
    expect(made.body.owner).toBe('zoe');
    const forged = await call('POST', `${PORTAL}/applications`, { name: 'x' }, { ...as('ann'), ...onBehalfOf('zoe') });
    expect(forged.status).toBe(403);
    expect((await call('POST', `${PORTAL}/applications`, { name: 'x' }, onBehalfOf(' '))).status).toBe(403);
  });
});

describe('map-keys', () => {
  const map = (id: string, body: object, user: keyof typeof USERS | object = 'ann', query = '') =>
    call(
      'POST',
      `${PORTAL}/applications/${id}/map-keys${query}`,
      { consumerKey: 'client-1', keyType: 'PRODUCTION', keyManager: 'Okta', ...body },
      typeof user === 'string' ? as(user as keyof typeof USERS) : user,
    );

  test('takes the consumer key alone, by the name or id of the key manager, for production and sandbox', async () => {
    const okta = await keyManager('Okta');
    const id = await application();
    const mapped = await map(id, {});
    expect([mapped.status, mapped.body]).toMatchObject([
      200,
      {
        consumerKey: 'client-1',
        keyType: 'PRODUCTION',
        keyManager: 'Okta',
        mode: 'MAPPED',
        keyState: 'COMPLETED',
        consumerSecret: null,
      },
    ]);
    expect((await map(id, { consumerKey: 'client-2', keyType: 'SANDBOX', keyManager: okta })).status).toBe(200);
    const { body } = await call('GET', `${PORTAL}/applications/${id}/oauth-keys`, undefined, as('ann'));
    expect(body.list.map(({ consumerKey, keyType }: Record<string, string>) => [consumerKey, keyType])).toEqual([
      ['client-1', 'PRODUCTION'],
      ['client-2', 'SANDBOX'],
    ]);
  });

  test.each([
    ['of no key manager that is there', {}, { keyManager: 'Keycloak' }, 400, 901403],
    ['of the resident one, where none is named and none is there', {}, { keyManager: undefined }, 400, 901403],
    ['of a disabled one', { enabled: false }, {}, 400, 901403],
    ['of one whose tokens are exchanged', { tokenType: 'EXCHANGED' }, {}, 400, 901405],
    ['of one without out-of-band provisioning', { enableMapOAuthConsumerApps: false }, {}, 400, 901405],
    ['of one that is for other roles', { permissions: { permissionType: 'ALLOW', roles: ['staff'] } }, {}, 403, 902013],
    [
      'of one that is not for the user’s role',
      { permissions: { permissionType: 'DENY', roles: ['partner'] } },
      {},
      403,
      902013,
    ],
    ['of one that is for other organizations', { allowedOrganizations: ['acme'] }, {}, 403, 902013],
    ['without a client', {}, { consumerKey: ' ' }, 400, 400],
    ['of no key type', {}, { keyType: 'TEST' }, 400, 400],
  ])('refuses a client %s', async (_what, settings, body, status, code) => {
    await keyManager('Okta', settings);
    const refused = await map(await application(), body);
    expect([refused.status, refused.body.code]).toEqual([status, code]);
  });

  test.each([
    ['ALLOW', ['staff', 'partner']],
    ['DENY', ['staff']],
    ['PUBLIC', []],
  ])('is for whom the permission %s %s means, by name and by id', async (permissionType, roles) => {
    const okta = await keyManager('Okta', { permissions: { permissionType, roles } });
    const id = await application();
    expect((await map(id, {})).status).toBe(200);
    expect((await map(id, { consumerKey: 'c2', keyType: 'SANDBOX', keyManager: okta })).status).toBe(200);
  });

  test('refuses a client, or a place, that is taken (901409); an admin moves the client, audited', async () => {
    await keyManager('Okta');
    const [anns, bobs] = [await application('ann'), await application('bob')];
    await map(anns, {});
    for (const taken of [
      await map(bobs, {}, 'bob'),
      await map(anns, { consumerKey: 'client-2' }),
      await map(anns, { keyType: 'SANDBOX' }),
    ])
      expect([taken.status, taken.body.code]).toEqual([409, 901409]);
    expect((await map(bobs, {}, 'bob', '?move=true')).status).toBe(403);
    expect((await map(bobs, {}, {}, '?move=true')).status).toBe(200);
    const keysOf = async (id: string) => (await call('GET', `${PORTAL}/applications/${id}/oauth-keys`)).body.count;
    expect([await keysOf(anns), await keysOf(bobs)]).toEqual([0, 1]);
  });

  test('an admin moves no client of the Global key manager away from another organization', async () => {
    const shared = { name: 'Shared', type: 'CustomKeyManager', enableMapOAuthConsumerApps: true };
    const issuer = 'https://shared.example';
    const endpoints = {
      ...{ issuer, tokenEndpoint: `${issuer}/token`, revokeEndpoint: `${issuer}/revoke` },
      certificates: { type: 'JWKS', value: `${issuer}/jwks` },
    };
    expect((await call('POST', `${ADMIN}/global-key-managers`, { ...shared, ...endpoints })).status).toBe(201);
    const [anns, eves] = [await application('ann'), await application('eve')];
    expect((await map(anns, { keyManager: 'Shared' })).status).toBe(200);
    const moved = await map(eves, { keyManager: 'Shared' }, { token: TOKENS.other }, '?move=true');
    expect([moved.status, moved.body.code]).toEqual([409, 901409]);
    expect((await call('GET', `${PORTAL}/applications/${anns}/oauth-keys`)).body.count).toBe(1);
  });

  test('asks the key manager about a client where that is wanted', async () => {
    const asked: unknown[] = [];
    const answers = ['refused', 'unreachable', 'confirmed'] as const;
    ({ call } = await startCatalogRig({
      proveClient: async ({ dto }, client) => {
        asked.push([dto.name, client]);
        return answers[asked.length - 1] ?? 'not_asked';
      },
    }));
    await keyManager('Okta');
    const id = await application();
    const statuses: number[] = [];
    for (const _ of answers) statuses.push((await map(id, { consumerSecret: 'hunter2' })).status);
    expect(statuses).toEqual([400, 503, 200]);
    expect(asked[0]).toEqual(['Okta', { consumerKey: 'client-1', consumerSecret: 'hunter2' }]);
    const kept = await call('GET', `${PORTAL}/applications/${id}/oauth-keys`);
    expect(JSON.stringify(kept.body)).not.toContain('hunter2');
  });

  test('a key is read, described and deleted by who manages the application', async () => {
    await keyManager('Okta');
    const id = await application();
    const key = `${PORTAL}/applications/${id}/oauth-keys/${(await map(id, {})).body.keyMappingId}`;
    const read = await call('GET', key, undefined, as('ann'));
    const changed = await call(
      'PUT',
      key,
      { ...read.body, callbackUrl: 'https://a.example', supportedGrantTypes: ['password'] },
      as('ann'),
    );
    expect([changed.status, changed.body]).toMatchObject([
      200,
      { callbackUrl: 'https://a.example', supportedGrantTypes: ['password'] },
    ]);
    expect((await call('GET', key, undefined, as('ann'))).body).toEqual(changed.body);
    expect((await call('PUT', key, { ...read.body, consumerKey: 'other' }, as('ann'))).status).toBe(400);
    expect((await call('GET', key, undefined, as('bob'))).status).toBe(404);
    expect((await call('DELETE', key, undefined, as('ann'))).status).toBe(200);
    expect((await call('GET', key, undefined, as('ann'))).status).toBe(404);
  });

  test('generating keys is refused cleanly', async () => {
    const refused = await call('POST', `${PORTAL}/applications/${await application()}/generate-keys`, {}, as('ann'));
    expect([refused.status, refused.body.code]).toEqual([400, 901405]);
  });
});

test('a permission names only roles that there are, where the settings say which', async () => {
  ({ call } = await startCatalogRig({ roles: ['partner'] }));
  const id = await keyManager('Okta', { permissions: { permissionType: 'ALLOW', roles: ['partner'] } });
  const read = (await call('GET', `${ADMIN}/key-managers/${id}`)).body;
  const permissions = { permissionType: 'DENY', roles: ['partner', 'partnr'] };
  const refused = await call('PUT', `${ADMIN}/key-managers/${id}`, { ...read, permissions });
  expect([refused.status, refused.body.error[0].message]).toEqual([
    400,
    expect.stringContaining('permissions.roles[1]: is no role'),
  ]);
});

test('the portal shows the key managers that a user may use, and nothing of how they are reached from here', async () => {
  await keyManager('Open', { additionalProperties: { anything: 'x' } });
  await keyManager('Off', { enabled: false });
  await keyManager('Staff', { permissions: { permissionType: 'ALLOW', roles: ['staff'] } });
  const { body } = await call('GET', `${PORTAL}/key-managers`, undefined, as('ann'));
  expect(body).toMatchObject({
    count: 1,
    list: [{ name: 'Open', tokenEndpoint: 'https://open.example/token', enableMapOAuthConsumerApps: true }],
  });
  expect(Object.keys(body.list[0])).not.toContain('additionalProperties');
  expect((await call('GET', `${PORTAL}/key-managers`, undefined, as('eve'))).body.count).toBe(0);
});

describe('a subscription', () => {
  const subscribe = (applicationId: string, apiId: string, more: object = {}, user: keyof typeof USERS = 'ann') =>
    call('POST', `${PORTAL}/subscriptions`, { applicationId, apiId, ...more }, as(user));

  test('is made once, told with its API and application, and deleted', async () => {
    const [app, pizza] = [await application(), await api()];
    const made = await subscribe(app, pizza, { throttlingPolicy: 'Unlimited' });
    expect([made.status, made.body]).toMatchObject([
      201,
      {
        status: 'UNBLOCKED',
        apiInfo: { name: 'Pizza', context: '/pizza' },
        applicationInfo: { name: 'Shop', owner: 'ann' },
      },
    ]);
    expect((await subscribe(app, pizza)).status).toBe(409);
    expect((await call('GET', `${PORTAL}/applications/${app}`)).body.subscriptionCount).toBe(1);
    const one = made.location ?? '';
    expect((await call('GET', one, undefined, as('bob'))).status).toBe(404);
    expect((await call('PUT', one, { ...made.body, throttlingPolicy: 'Gold' }, as('ann'))).body.throttlingPolicy).toBe(
      'Gold',
    );
    expect((await call('DELETE', one, undefined, { ...as('ann'), headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await call('DELETE', one, undefined, as('ann'))).status).toBe(200);
  });

  test('is listed by application or API, of one’s own applications only', async () => {
    const [anns, bobs, pizza] = [await application('ann'), await application('bob'), await api()];
    await subscribe(anns, pizza);
    await subscribe(bobs, pizza, {}, 'bob');
    const listed = async (query: string, options: object) =>
      (await call('GET', `${PORTAL}/subscriptions${query}`, undefined, options)).body.count;
    expect(await listed(`?apiId=${pizza}`, as('ann'))).toBe(1);
    expect(await listed(`?apiId=${pizza}`, {})).toBe(2);
    expect(await listed(`?applicationId=${anns}`, as('ann'))).toBe(1);
    expect((await call('GET', `${PORTAL}/subscriptions?applicationId=${bobs}`, undefined, as('ann'))).status).toBe(404);
    expect((await call('GET', `${PORTAL}/subscriptions`, undefined, as('ann'))).status).toBe(400);
    expect((await call('GET', `${PUBLISHER}/subscriptions?apiId=${pizza}`)).body.count).toBe(2);
  });

  test.each([
    ['an API that is not published', { lifeCycleStatus: 'CREATED' }, 404],
    ['an API that is deprecated', { lifeCycleStatus: 'DEPRECATED' }, 409],
    ['an API that is for other roles', { visibility: 'RESTRICTED', visibleRoles: ['staff'] }, 404],
    ['a policy that the API does not take', { policies: ['Gold'] }, 400],
    ['an API of everybody', {}, 201],
    ['an API of the user’s role', { visibility: 'RESTRICTED', visibleRoles: ['partner'] }, 201],
    ['a prototype', { lifeCycleStatus: 'PROTOTYPED' }, 201],
    ['a policy that the API takes', { policies: ['Unlimited'] }, 201],
  ])('to %s is answered %s', async (_what, changes, status) => {
    const [app, id] = [await application(), await api(changes)];
    expect((await subscribe(app, id)).status).toBe(status);
    const isVisible = (await call('GET', `${PORTAL}/apis/${id}`, undefined, as('ann'))).status === 200;
    expect((await call('GET', `${PORTAL}/apis`, undefined, as('ann'))).body.count).toBe(isVisible ? 1 : 0);
    expect(isVisible).toBe(status !== 404);
  });

  test('is blocked and unblocked by a publisher, and keeps its policy', async () => {
    const [app, pizza] = [await application(), await api()];
    const { subscriptionId } = (await subscribe(app, pizza)).body;
    const state = async () => (await call('GET', `${PORTAL}/subscriptions/${subscriptionId}`)).body.status;
    const change = (verb: string, query = '') =>
      call('POST', `${PUBLISHER}/subscriptions/${verb}-subscription?subscriptionId=${subscriptionId}${query}`);
    expect((await change('block', '&blockState=PROD_ONLY_BLOCKED')).status).toBe(200);
    expect(await state()).toBe('PROD_ONLY_BLOCKED');
    expect((await change('block', '&blockState=BLOCKED')).status).toBe(200);
    expect(await state()).toBe('BLOCKED');
    expect((await change('block', '&blockState=UNBLOCKED')).status).toBe(400);
    // Whoever subscribed cannot lift it by writing the subscription anew.
    const own = (await call('GET', `${PORTAL}/subscriptions/${subscriptionId}`, undefined, as('ann'))).body;
    expect(
      (await call('PUT', `${PORTAL}/subscriptions/${subscriptionId}`, { ...own, status: 'UNBLOCKED' }, as('ann'))).body
        .status,
    ).toBe('BLOCKED');
    // Nor by leaving and coming again; an admin may end it.
    const one = `${PORTAL}/subscriptions/${subscriptionId}`;
    expect((await call('DELETE', one, undefined, as('ann'))).status).toBe(409);
    expect(await state()).toBe('BLOCKED');
    expect((await change('unblock')).status).toBe(200);
    expect(await state()).toBe('UNBLOCKED');
    expect((await call('DELETE', `${PUBLISHER}/apis/${pizza}`)).status).toBe(409);
    expect((await call('DELETE', `${PUBLISHER}/apis/${pizza}?force=true`)).status).toBe(200);
    expect((await call('GET', `${PORTAL}/subscriptions/${subscriptionId}`)).status).toBe(404);
  });
});
