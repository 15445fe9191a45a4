// What happens around every route: limits, access tokens, back-off, audit, and errors that tell nothing.

import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type { AdminOptions } from '../../../../src/admin/start-admin.ts';
import { type AdminRig, memoryKeyManagers, startRig, TOKENS } from '../admin-rig.ts';

const BASE = '/api/am/admin/v4/key-managers';
const rigs: AdminRig[] = [];
async function start(options: Partial<AdminOptions> = {}): Promise<AdminRig> {
  const rig = await startRig(options);
  rigs.push(rig);
  return rig;
}
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

describe('bodies', () => {
  test.each([
    ['nothing', '', 400],
    ['no JSON', '{', 400],
    ['JSON that is no object', '[]', 400],
    ['a member that would reach the prototype', '{"name":"a","type":"b","__proto__":{"enabled":false}}', 400],
    ['33 levels', `{"name":"a","type":"b","additionalProperties":${'{"a":'.repeat(31)}{}${'}'.repeat(31)}}`, 400],
    ['32 levels', `{"name":"a","type":"b","additionalProperties":${'{"a":'.repeat(30)}{}${'}'.repeat(30)}}`, 201],
    ['brackets inside of text', JSON.stringify({ name: 'a', type: 'b', description: '[{"\\'.repeat(50) }), 201],
    ['a member that occurs twice', '{"name":"a","type":"b","enabled":false,"enabled":true}', 400],
    [
      'one member in several objects',
      '{"name":"a","type":"b","additionalProperties":{"name":[{"name":1},{"name":2}]}}',
      201,
    ],
    ['more than a mebibyte', JSON.stringify({ name: 'a', type: 'b', description: 'x'.repeat(1_100_000) }), 413],
  ])('of %s are answered as they should be', async (_what, body, status) => {
    const rig = await start();
    const answer = await rig.call('POST', BASE, TOKENS.all, body);
    expect(answer.status).toBe(status);
    expect(rig.store.rows.map(({ dto }) => dto.name)).toEqual(status === 201 ? ['a'] : []);
  });

  test.each(['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp', ''])(
    'of type "%s" are 415',
    async (type) => {
      const rig = await start();
      const headers = { authorization: `Bearer ${TOKENS.all}`, 'content-type': type };
      const body = new Blob(['{"name":"a","type":"b"}']);
      expect((await fetch(`${rig.url}${BASE}`, { method: 'POST', headers, body })).status).toBe(415);
    },
  );

  test('with a member that occurs twice, however it is spelled, are refused by its name', async () => {
    const rig = await start();
    const answer = await rig.call('POST', BASE, TOKENS.all, '{"name":"a","type":"b","n\\u0061me":"c"}');
    expect(await answer.json()).toMatchObject({
      code: 400,
      description: 'The member "name" occurs twice in one object; keep one of the two',
    });
  });

  test('are not looked at before the caller is known', async () => {
    const rig = await start();
    expect((await rig.call('POST', BASE, undefined, '{')).status).toBe(401);
  });
});

describe('access tokens', () => {
  const JWT = 'e30.e30.c2ln';
  const prove = (...scopes: string[]) => ({
    proveCaller: async (bearer: string) =>
      bearer === JWT ? { name: 'ann', organization: 'acme', scopes, roles: [] } : undefined,
  });

  test('bring the rights of their WSO2 scopes, within their organization', async () => {
    const rig = await start(prove('openid', 'apim:keymanagers_manage'));
    expect((await rig.call('POST', BASE, JWT, { name: 'a', type: 'b' })).status).toBe(201);
    expect(rig.store.rows.map(({ organization }) => organization)).toEqual(['acme']);
  });

  test('need an admin scope to delete, as in WSO2', async () => {
    const managing = await start(prove('apim:keymanagers_manage'));
    expect((await managing.call('DELETE', `${BASE}/id-1`, JWT)).status).toBe(403);
    const admin = await start(prove('apim:admin'));
    expect((await admin.call('DELETE', `${BASE}/id-1`, JWT)).status).toBe(404);
  });

  test('without a scope of the table bring nothing', async () => {
    const rig = await start(prove('constructor', '__proto__', 'apim:api_view'));
    expect((await rig.call('GET', BASE, JWT)).status).toBe(403);
  });

  test('that cannot be proved now are an error, not a caller', async () => {
    const rig = await start({ proveCaller: () => Promise.reject(new Error('unreachable')) });
    expect((await rig.call('GET', BASE, JWT)).status).toBe(500);
  });
});

describe('wrong credentials', () => {
  test('in a row are held up for longer and longer, but a right one is not', async () => {
    const rig = await start();
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 7; attempt += 1) statuses.push((await rig.call('GET', BASE, 'wrong')).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429, 429]);
    const held = await rig.call('GET', BASE, 'wrong');
    expect(Number(held.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await rig.call('GET', BASE, TOKENS.read)).status).toBe(200);
  });
});

describe('the audit', () => {
  test('has every write and every refused attempt, and no read', async () => {
    const rig = await start();
    await rig.call('GET', BASE, TOKENS.read);
    await rig.call('GET', '/healthz');
    await rig.call('POST', BASE, TOKENS.write, { name: 'a', type: 'b', additionalProperties: { secret: 'hunter2' } });
    await rig.call('DELETE', `${BASE}/id-9`, TOKENS.write);
    await rig.call('DELETE', `${BASE}/id-1`, TOKENS.read);
    await rig.call('GET', BASE, 'hunter2');
    const common = { address: '127.0.0.1', organization: 'carbon.super' };
    expect(rig.audited).toMatchObject([
      { ...common, caller: 'write', method: 'POST', route: BASE, status: 201 },
      { ...common, caller: 'write', method: 'DELETE', route: `${BASE}/:id`, target: 'id-9', status: 404 },
      { ...common, caller: 'read', method: 'DELETE', target: 'id-1', status: 403 },
      { caller: undefined, organization: undefined, method: 'GET', status: 401 },
    ]);
    expect(JSON.stringify(rig.audited)).not.toContain('hunter2');
  });
});

describe('GET /audit', () => {
  test('gives an organization its own entries, and the super tenant all of them, by pages', async () => {
    const rig = await start();
    await rig.call('POST', BASE, TOKENS.other, { name: 'theirs', type: 'b' });
    await rig.call('POST', BASE, TOKENS.write, { name: 'ours', type: 'b' });
    await rig.call('GET', BASE, 'wrong');
    const read = async (token: string, query = '') =>
      (await (await rig.call('GET', `/audit${query}`, token)).json()) as { list: { caller?: string }[]; count: number };
    expect((await read(TOKENS.other)).list.map(({ caller }) => caller)).toEqual(['other']);
    expect((await read(TOKENS.read)).list.map(({ caller }) => caller)).toEqual([undefined, 'write', 'other']);
    expect(await read(TOKENS.read, '?offset=1&limit=1')).toMatchObject({
      count: 1,
      list: [{ caller: 'write', route: BASE, status: 201, requestId: expect.stringMatching(/^[0-9a-f-]{36}$/) }],
      pagination: { total: 3, next: '/audit?limit=1&offset=2', previous: '/audit?limit=1&offset=0' },
    });
    expect((await rig.call('GET', '/audit?limit=0', TOKENS.read)).status).toBe(400);
  });

  test('travels with each write as the context that its answer’s entry has', async () => {
    const rig = await start();
    const answer = await rig.call('POST', BASE, TOKENS.write, { name: 'a', type: 'b' });
    expect(rig.store.audited).toEqual([
      {
        requestId: answer.headers.get('x-request-id'),
        caller: 'write',
        organization: 'carbon.super',
        address: '127.0.0.1',
        method: 'POST',
        route: BASE,
      },
    ]);
  });
});

describe('answers', () => {
  test('are never kept or guessed at by anyone on the way', async () => {
    const rig = await start();
    for (const path of ['/healthz', BASE, '/nothing']) {
      const { headers } = await rig.call('GET', path, TOKENS.all);
      expect([headers.get('cache-control'), headers.get('x-content-type-options')]).toEqual(['no-store', 'nosniff']);
      expect([headers.get('server'), headers.get('access-control-allow-origin')]).toEqual([null, null]);
    }
  });

  test('to a defect tell only the request’s id, under which the log has the error', async () => {
    const broken = { ...memoryKeyManagers(), list: () => Promise.reject(new Error('disk hunter2 broke')) };
    const rig = await start({ keyManagers: broken });
    const answer = await rig.call('GET', BASE, TOKENS.all);
    const text = await answer.text();
    expect(answer.status).toBe(500);
    expect(text).not.toContain('hunter2');
    expect(rig.errors[0]).toContain(answer.headers.get('x-request-id'));
    expect(text).toContain(answer.headers.get('x-request-id'));
  });

  test.each([
    ['/%', 400],
    [`${BASE}/hunter2%zz`, 400],
    [`${BASE}/${'hunter2'.repeat(20)}`, 414],
  ])('to a path that cannot be read (%s) are in WSO2’s form and do not repeat it', async (path, status) => {
    const rig = await start();
    const answer = await rig.call('GET', path);
    expect(answer.status).toBe(status);
    expect(await answer.json()).toEqual({
      code: status,
      message: 'Bad Request',
      description: 'The path cannot be decoded, or a part of it is too long',
      moreInfo: '',
      error: [],
    });
    expect(answer.headers.get('cache-control')).toBe('no-store');
    expect(answer.headers.get('content-type')).toContain('application/json');
  });

  test('to TRACE and to methods that do not exist are refusals', async () => {
    const rig = await start();
    for (const method of ['TRACE', 'PURGE', 'BREW']) {
      const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
      socket.write(`${method} /healthz HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`);
      const [first] = (await once(socket, 'data')) as [Buffer];
      socket.destroy();
      expect(first.toString()).toMatch(/^HTTP\/1\.1 40[045] /);
    }
  });
});

test('an address that is taken is named, with what to do', async () => {
  const rig = await start();
  const port = Number(new URL(rig.url).port);
  await expect(startRig({ port })).rejects.toThrow(`cannot listen on 127.0.0.1:${port} (EADDRINUSE); free the address`);
});

describe('probes', () => {
  test('readiness says what is missing', async () => {
    const rig = await start({ readiness: () => ({ ready: false, detail: 'the catalog is not loaded' }) });
    const answer = await rig.call('GET', '/readyz');
    expect(answer.status).toBe(503);
    expect(await answer.json()).toEqual({ status: 'not ready', detail: 'the catalog is not loaded' });
    expect((await rig.call('GET', '/healthz')).status).toBe(200);
  });

  test('metrics are open only where the settings say so', async () => {
    const rig = await start({ metricsPublic: true });
    const answer = await rig.call('GET', '/metrics');
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(await answer.text()).toContain('gatehouse_decisions_total 1');
  });
});
