// Every route of the admin side, with no, a wrong and an insufficient credential.

import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demandRow, ROUTE_RIGHTS, type RouteNeed } from '../../../../src/admin/access/route-rights.ts';
import type { ApplicationFacts } from '../../../../src/domain/catalog-facts.ts';
import { POLICY_KINDS } from '../../../../src/domain/policy.ts';
import { type AdminRig, startRig, TOKENS } from '../admin-rig.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const BODY = { name: 'Okta', type: 'Okta' };
let rig: AdminRig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const API = { name: 'a', context: '/a', version: '1', keyManagers: ['all'] };
const OPENAPI = { openapi: '3.0.0', info: { title: 'a', version: '1' }, paths: {} };
/** Bodies of routes whose path ends so; every other one gets that of a key manager. */
const BODIES: readonly (readonly [RegExp, object])[] = [
  [/import-openapi$/, { inlineAPIDefinition: OPENAPI, additionalProperties: API }],
  [/publisher\/v4\/apis(?:\/:id)?$/, API],
  [/\/scopes(?:\/:id)?$/, { name: 's' }],
  [/\/applications(?:\/:id)?$/, { name: 'a' }],
  [/map-keys$/, { consumerKey: 'k', keyType: 'PRODUCTION' }],
  [/oauth-keys\/:keyMappingId$/, {}],
  [/devportal\/v3\/subscriptions(?:\/:id)?$/, { apiId: 'id-1', applicationId: 'id-1' }],
  [/\/throttling\/policies\/\w+(?:\/:id)?$/, { policyName: 'p' }],
  [/deny-policies$/, { conditionType: 'USER', conditionValue: 'ann' }],
  [/deny-policy\/:id$/, { conditionStatus: false }],
];
/** What WSO2 has in the query. */
const QUERIES: Readonly<Record<string, string>> = {
  'POST /api/am/publisher/v4/apis/change-lifecycle': '?apiId=id-1&action=Publish',
  'POST /api/am/publisher/v4/subscriptions/block-subscription': '?subscriptionId=id-1&blockState=BLOCKED',
  'POST /api/am/publisher/v4/subscriptions/unblock-subscription': '?subscriptionId=id-1',
  'GET /api/am/devportal/v3/subscriptions': '?applicationId=id-1',
  'GET /api/am/publisher/v4/subscriptions': '?apiId=id-1',
};

const routes = Object.entries(ROUTE_RIGHTS).map(([route, need]: [string, RouteNeed]) => {
  const [method = '', pattern = ''] = route.split(' ');
  const given = BODIES.find(([end]) => end.test(pattern))?.[1] ?? BODY;
  const body = ['POST', 'PUT', 'PATCH'].includes(method) ? given : undefined;
  const id = pattern.includes('throttling-policies') ? 'application' : 'id-1';
  const path = pattern.replace(':id', id).replace(':keyMappingId', 'key-1') + (QUERIES[route] ?? '');
  return { method, path, ...need, body };
});

/** One of each kind in the organization of most callers, with a word that nobody else may read. */
async function fill(own: AdminRig): Promise<void> {
  const { entities, keys } = own.catalog;
  const key = { organization: 'carbon.super', id: null, expectedVersion: null };
  const audit = { requestId: '', caller: 'all', organization: 'carbon.super', address: '', method: '', route: '' };
  const description = 'confidential';
  const application = { name: 'a', owner: 'ann', policy: 'Unlimited', attributes: {}, groups: [], state: 'APPROVED' };
  await entities.applications.put(key, { ...application, description, extra: {} } as ApplicationFacts, audit);
  const subscription = { apiId: 'id-1', applicationId: 'id-1', policy: description, state: 'UNBLOCKED' } as const;
  await entities.subscriptions.put(key, subscription, audit);
  await entities.scopes.put(key, { name: 's', displayName: 's', description, roles: [] }, audit);
  await entities.denyPolicies.put(key, { type: 'USER', value: description, invert: false, enabled: true }, audit);
  const policy = { name: 'p', displayName: 'p', description, limits: {} };
  for (const kind of POLICY_KINDS) await entities.policies.put(key, { ...policy, kind }, audit);
  keys.push({
    id: 'key-1',
    consumerKey: description,
    keyManagerId: 'id-1',
    applicationId: 'id-1',
    keyType: 'PRODUCTION',
    mode: 'MAPPED',
    extra: {},
  });
  await own.call('POST', '/api/am/publisher/v4/apis', TOKENS.all, { ...API, description });
}

/** What the organization has that {@link fill} fills. */
async function contentOf({ catalog }: AdminRig): Promise<string> {
  const { keyMappings: _keys, ...kinds } = catalog.entities;
  const page = { offset: 0, limit: 100 };
  const all = await Promise.all(Object.values(kinds).map((kind) => kind.list('carbon.super', {} as never, page)));
  return JSON.stringify([all, catalog.keys]);
}

const guarded = routes.filter(({ right }) => right !== 'public');

const WANTS_ANOTHER_BODY = new Set([
  'POST /revocations',
  'GET /sync/changes',
  'POST /sync/position',
  'POST /sync/revocations',
  'POST /sync/confirm',
  'POST /catalog',
]);

describe.each(guarded)('$method $path', ({ method, path, right, also, basic, superTenant, body }) => {
  test('answers 401 and names the scheme without a credential', async () => {
    const answer = await rig.call(method, path, undefined, body);
    expect(answer.status).toBe(401);
    const challenge = 'Bearer realm="Gatehouse admin"';
    expect(answer.headers.get('www-authenticate')).toBe(
      basic === true ? `${challenge}, Basic realm="Gatehouse admin"` : challenge,
    );
    expect(await answer.json()).toMatchObject({ code: 401, message: 'Unauthorized' });
  });

  test('answers 401 with a wrong credential', async () => {
    const own = await startRig();
    for (const wrong of ['nope', `${TOKENS.all}x`, 'a.b.c']) {
      const answer = await own.call(method, path, wrong, body);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    }
    await own.stop();
  });

  test('answers 403 to a caller without the right', async () => {
    for (const name of ['read', 'write', 'keys', 'revoke', 'sync'] as const)
      if (name !== needed(right) && name !== also)
        expect((await rig.call(method, path, TOKENS[name], body)).status, name).toBe(403);
    expect([rig.store.rows, rig.revocations.rows.size]).toEqual([[], 0]);
  });

  test('lets a caller with the right through', async () => {
    const own = await startRig();
    const answer = await own.call(method, path, TOKENS[needed(right)], body);
    // 400: BODY is no revocation, no position and no catalog document, and a feed begins at one. 409: nothing is held back.
    expect(WANTS_ANOTHER_BODY.has(`${method} ${path}`) ? [400, 409] : [200, 201, 404]).toContain(answer.status);
    await answer.body?.cancel();
    await own.stop();
  });

  test('neither shows nor changes what another organization has', async () => {
    const own = await startRig();
    await own.call('POST', KEY_MANAGERS, TOKENS.all, { ...BODY, description: 'confidential' });
    await own.call('POST', '/revocations', TOKENS.all, { kind: 'jti', value: 'confidential' });
    await fill(own);
    const content = await contentOf(own);
    const [revocation] = [...own.revocations.rows.keys()];
    const before = JSON.stringify([own.store.rows, [...own.revocations.rows]]);
    const theirs = path.startsWith('/revocations/') ? `/revocations/${revocation}` : path;
    const answer = await own.call(method, theirs, TOKENS.other, body);
    expect(await answer.text()).not.toContain('confidential');
    if (superTenant === true) expect(answer.status).toBe(403);
    else if (theirs !== path || path.includes('/id-1')) expect(answer.status).toBe(404);
    expect(JSON.stringify([own.store.rows.slice(0, 1), [...own.revocations.rows].slice(0, 1)])).toBe(before);
    expect(await contentOf(own)).toBe(content);
    await own.stop();
  });

  test('takes no other credential in the place of a bearer one', async () => {
    const own = await startRig();
    const basicOf = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;
    const wrong = [
      TOKENS.all,
      `Bearer Bearer ${TOKENS.all}`,
      `Bearer ${TOKENS.all},x`,
      basicOf(`other:${TOKENS.all}`),
      basicOf(TOKENS.all),
      ...(basic === true ? [] : [basicOf(`all:${TOKENS.all}`)]),
    ].slice(0, 5);
    for (const authorization of wrong) {
      const answer = await fetch(`${own.url}${path}`, { method, headers: { authorization } });
      expect(answer.status, authorization.split(' ')[0]).toBe(401);
    }
    await own.stop();
  });
});

function needed(right: RouteNeed['right']): 'read' | 'write' | 'keys' | 'revoke' | 'sync' {
  return right === 'metrics' || right === 'public' ? 'read' : right;
}

test('whoever reads or writes with an access token needs a scope that WSO2 asks for there, not only some scope', () => {
  const open = guarded.filter(
    ({ right, scopes }) => ['read', 'write', 'keys', 'metrics'].includes(right) && !scopes?.length,
  );
  expect(open.map(({ method, path }) => `${method} ${path}`)).toEqual([]);
});

test.each(routes.filter(({ right }) => right === 'public'))(
  '$method $path needs no credential',
  async ({ method, path }) => {
    expect((await rig.call(method, path)).status).toBe(200);
  },
);

test('a route that is not in the table cannot be registered', () => {
  const app = fastify();
  app.addHook('onRoute', ({ method, url }) => demandRow(method, url));
  expect(() => app.get('/api/am/admin/v4/secrets', async () => '')).toThrow('has no row in ROUTE_RIGHTS');
  expect(() => demandRow('toString', '')).toThrow('has no row');
  expect(() => demandRow(['GET', 'HEAD'], '/healthz')).toThrow('HEAD /healthz has no row');
});

describe('verbs', () => {
  const plain = (path: string) => path.split('?')[0] ?? '';
  const patterns = [...new Set(routes.map(({ path }) => plain(path)))];
  test.each(patterns)('of %s are those of the table, whatever a header says', async (path) => {
    const known = routes.filter((route) => plain(route.path) === path).map(({ method }) => method);
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD', 'OPTIONS'])
      if (!known.includes(method)) {
        const answer = await rig.call(method, path, TOKENS.all);
        // Another pattern may fit the path: `discover` as an id.
        expect([404, 405], method).toContain(answer.status);
      }
    if (known.includes('DELETE')) return;
    const override = { 'x-http-method-override': 'DELETE', 'x-method-override': 'DELETE', 'x-http-method': 'DELETE' };
    const [method = 'GET'] = known;
    await fetch(`${rig.url}${path}?_method=DELETE`, {
      method,
      headers: { authorization: `Bearer ${TOKENS.all}`, ...override },
    });
    expect(rig.audited.every((entry) => entry.method !== 'DELETE' || entry.status !== 200)).toBe(true);
  });
});

describe('bodies', () => {
  const writing = routes.filter(({ body }) => body !== undefined);
  test.each(writing)('of $method $path are bounded in size and depth, and cannot reach a prototype', async (route) => {
    const before = JSON.stringify([rig.store.rows, [...rig.revocations.rows]]);
    const deep = `{"additionalProperties":${'{"a":'.repeat(40)}{}${'}'.repeat(40)}}`;
    // An OpenAPI document may be of 10 MiB, twice that as text in JSON.
    const bytes = route.path.endsWith('import-openapi') ? 23_000_000 : 1_100_000;
    const large = JSON.stringify({ ...BODY, description: 'x'.repeat(bytes) });
    const pollution = ['{"__proto__":{"rights":["write"]}}', '{"constructor":{"prototype":{"rights":["write"]}}}'];
    expect((await rig.call(route.method, route.path, TOKENS.all, deep)).status).toBe(400);
    expect((await rig.call(route.method, route.path, TOKENS.all, large)).status).toBe(413);
    for (const body of pollution) expect((await rig.call(route.method, route.path, TOKENS.all, body)).status).toBe(400);
    expect(JSON.stringify([rig.store.rows, [...rig.revocations.rows]])).toBe(before);
    expect(({} as { rights?: unknown }).rights).toBe(undefined);
  });
});

test('what the server alone may write is not taken from a body', async () => {
  const own = await startRig();
  const theirs = {
    id: 'mine',
    global: true,
    sequence: 9,
    version: 9,
    organization: 'other.example',
    secrets: {},
    isUsed: true,
  };
  for (const [field, value] of Object.entries(theirs)) {
    const answer = await own.call('POST', KEY_MANAGERS, TOKENS.write, { ...BODY, name: field, [field]: value });
    expect(answer.status, field).toBe(['id', 'global'].includes(field) ? 201 : 400);
  }
  expect(own.store.rows.map(({ id, organization, dto }) => [id, organization, dto.global])).toEqual([
    ['id-1', 'carbon.super', undefined],
    ['id-2', 'carbon.super', undefined],
  ]);
  await own.stop();
});

test('a method that a path does not have is 405 with the ones that it has, an unknown path is 404', async () => {
  const put = await rig.call('PUT', '/api/am/admin/v4/key-managers', TOKENS.all, BODY);
  expect([put.status, put.headers.get('allow')]).toEqual([405, 'GET, POST']);
  const head = await rig.call('HEAD', '/healthz');
  expect([head.status, head.headers.get('allow')]).toEqual([405, 'GET']);
  expect((await rig.call('GET', '/api/am/admin/v4/nothing', TOKENS.all)).status).toBe(404);
  expect((await rig.call('OPTIONS', '/api/am/admin/v4/key-managers')).headers.get('access-control-allow-origin')).toBe(
    null,
  );
});
