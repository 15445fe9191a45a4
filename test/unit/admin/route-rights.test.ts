// Every route of the admin side, with no, a wrong and an insufficient credential.

import { fastify } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { demandRow, ROUTE_RIGHTS } from '../../../src/admin/route-rights.ts';
import { type AdminRig, startRig, TOKENS } from './admin-rig.ts';

const BODY = { name: 'Okta', type: 'Okta' };
let rig: AdminRig;
beforeAll(async () => {
  rig = await startRig();
});
afterAll(() => rig.stop());

const routes = Object.entries(ROUTE_RIGHTS).map(([route, { right }]) => {
  const [method = '', pattern = ''] = route.split(' ');
  return { method, path: pattern.replace(':id', 'id-1'), right, body: method === 'POST' ? BODY : undefined };
});
const guarded = routes.filter(({ right }) => right !== 'public');

describe.each(guarded)('$method $path', ({ method, path, right, body }) => {
  test('answers 401 and names the scheme without a credential', async () => {
    const answer = await rig.call(method, path, undefined, body);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toBe('Bearer realm="Gatehouse admin"');
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
    const needed = right === 'metrics' ? 'read' : right;
    for (const token of [TOKENS.keys, needed === 'read' ? TOKENS.write : TOKENS.read])
      expect((await rig.call(method, path, token, body)).status).toBe(403);
    expect(rig.store.rows).toEqual([]);
  });

  test('lets a caller with the right through', async () => {
    const own = await startRig();
    const answer = await own.call(method, path, right === 'write' ? TOKENS.write : TOKENS.read, body);
    expect([200, 201, 404]).toContain(answer.status);
    await own.stop();
  });
});

test.each(routes.filter(({ right }) => right === 'public'))(
  '$method $path needs no credential',
  async ({ method, path }) => {
    expect((await rig.call(method, path)).status).toBe(200);
  },
);

test('a basic or repeated scheme is no bearer credential', async () => {
  for (const authorization of [
    `Basic ${TOKENS.all}`,
    `Bearer Bearer ${TOKENS.all}`,
    `Bearer ${TOKENS.all},x`,
    TOKENS.all,
  ]) {
    const answer = await fetch(`${rig.url}/metrics`, { headers: { authorization } });
    expect(answer.status).toBe(401);
  }
});

test('a route that is not in the table cannot be registered', () => {
  const app = fastify();
  app.addHook('onRoute', ({ method, url }) => demandRow(method, url));
  expect(() => app.get('/api/am/admin/v4/secrets', async () => '')).toThrow('has no row in ROUTE_RIGHTS');
  expect(() => demandRow('toString', '')).toThrow('has no row');
  expect(() => demandRow(['GET', 'HEAD'], '/healthz')).toThrow('HEAD /healthz has no row');
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
