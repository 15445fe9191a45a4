// The admin API of a running Gatehouse before a real Envoy, in WSO2's own form: a key manager's life from discovery to its forced
// deletion, each answer ruling the next request, and the audit of it.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { MAIN } from '../rig/gatehouse-process.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const ORDERS = '/orders/1.0.0/list';
const SECRET = 'e2e-secret-canary-91c7';
const OPAQUE_CLIENT = { id: 'gatehouse', secret: SECRET };

let stack: Stack;
let third: KeyManagerServer;
let id: string;
beforeAll(async () => {
  third = await startKeyManager({ clients: [OPAQUE_CLIENT] });
  stack = await startStack();
});
afterAll(async () => {
  await stack?.stop();
  await third?.close();
});

const statusOf = async (token: string) => (await stack.get(ORDERS, token)).status;
const token = (claims = {}) => third.mint({ azp: 'client-1', sub: 'ann', ...claims });
const dto = (changes = {}) => ({
  ...keyManagerDto('ThirdKM', third),
  introspectionEndpoint: `${third.url}/introspect`,
  tokenValidation: [{ id: 1, enable: true, type: 'REFERENCE', value: '[0-9a-f-]{36}' }],
  additionalProperties: {
    introspection: { method: 'client_secret_basic', clientId: OPAQUE_CLIENT.id, clientSecret: SECRET },
    unknown: { kept: true },
  },
  ...changes,
});

describe('a key manager', () => {
  test('is created, and its JWTs and opaque tokens pass at once', async () => {
    const known = token();
    expect(await statusOf(known)).toBe(401);
    const created = await stack.admin('POST', KEY_MANAGERS, dto());
    expect([created.status, created.body]).toMatchObject([201, { name: 'ThirdKM', global: false }]);
    ({ id } = created.body as { id: string });
    expect(created.headers.get('location')).toBe(`${KEY_MANAGERS}/${id}`);
    expect(await statusOf(known)).toBe(200);
    expect(await statusOf(third.mintOpaque({ client_id: 'client-1', azp: 'client-1' }))).toBe(200);
  });

  test('is changed, with its secret kept by its mask, and the change rules the next request', async () => {
    const known = token();
    expect(await statusOf(known)).toBe(200);
    const read = await stack.admin('GET', `${KEY_MANAGERS}/${id}`);
    const body = read.body as Record<string, unknown>;
    expect(body).toMatchObject({ additionalProperties: { unknown: { kept: true } } });
    const disabled = await stack.admin('PUT', `${KEY_MANAGERS}/${id}`, { ...body, enabled: false });
    expect([disabled.status, disabled.headers.get('etag')]).toEqual([200, '"2"']);
    expect(await statusOf(known)).toBe(401);
    const enabled = await stack.admin('PUT', `${KEY_MANAGERS}/${id}`, { ...body, enabled: true });
    expect(enabled.status).toBe(200);
    expect(await statusOf(known)).toBe(200);
    expect(await statusOf(third.mintOpaque({ client_id: 'client-1', azp: 'client-1' }))).toBe(200);
  });

  test('is tested from end to end, also from the command line', async () => {
    const found = await stack.admin('POST', `${KEY_MANAGERS}/${id}/test`, { token: token() });
    expect(found.body).toMatchObject({ ok: true });
    const tokenFile = join(stack.gatehouse.folder, 'sample-token');
    writeFileSync(tokenFile, token());
    const { adminUrl, folder } = stack.gatehouse;
    const args = ['km', 'test', 'ThirdKM', '--admin', adminUrl, '--token-file', tokenFile];
    const adminToken = ['--admin-token-file', join(folder, 'data', 'admin-token')];
    const { stdout } = await promisify(execFile)(process.execPath, [MAIN, ...args, ...adminToken]);
    expect(stdout).toMatch(/✓ introspection: .*\n✓ token: the key manager vouches for the token; client client-1/);
  });

  test('is made of a discovery document', async () => {
    const url = `${third.url}/.well-known/openid-configuration`;
    const found = await stack.admin('POST', `${KEY_MANAGERS}/discover`, { url, type: 'CustomKeyManager' });
    expect(found.body).toMatchObject({ valid: true, value: { issuer: third.issuer, wellKnownEndpoint: url } });
    const { adminUrl, folder } = stack.gatehouse;
    const config = join(folder, 'gatehouse.yaml');
    const run = promisify(execFile)(process.execPath, [MAIN, 'km', 'discover', url, '--config', config]);
    expect(JSON.parse((await run).stdout)).toMatchObject({ issuer: third.issuer });
    expect(adminUrl).not.toBe('');
  });
});

describe('a revocation', () => {
  const basic = () => `Basic ${Buffer.from(`first:${stack.gatehouse.adminToken}`).toString('base64')}`;
  const notify = (body: object) =>
    fetch(`${stack.gatehouse.adminUrl}/internal/data/v1/notify`, {
      method: 'POST',
      headers: { authorization: basic(), 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });

  test('comes as WSO2’s event too, of a JWT and of an opaque token', async () => {
    const known = token({ jti: 'jti-event' });
    const opaque = third.mintOpaque({ client_id: 'client-1', azp: 'client-1' });
    expect([await statusOf(known), await statusOf(opaque)]).toEqual([200, 200]);
    const event = { type: 'token_revocation', expiryTime: Date.now() + 600_000, eventId: 'e', tenantId: -1234 };
    expect((await notify({ ...event, accessToken: 'jti-event', tokenType: 'JWT' })).status).toBe(200);
    expect((await notify({ ...event, accessToken: opaque, tokenType: 'Opaque' })).status).toBe(200);
    expect([await statusOf(known), await statusOf(opaque)]).toEqual([401, 401]);
    expect(await statusOf(token())).toBe(200);
    const listed = await fetch(`${stack.gatehouse.adminUrl}/internal/data/v1/revokedjwt`, {
      headers: { authorization: basic() },
    });
    expect(await listed.json()).toMatchObject({ revokedJWTList: [{ jwt_signature: 'jti-event' }] });
  });
});

test('everything is in the audit: who, what, before and after', async () => {
  await fetch(`${stack.gatehouse.adminUrl}${KEY_MANAGERS}`, {
    method: 'POST',
    headers: { authorization: 'Bearer no' },
  });
  // Refused attempts are gathered for a moment.
  await eventually('the refused attempt to be in the audit', async () =>
    JSON.stringify((await stack.admin('GET', '/audit?limit=100')).body).includes('"status":401'),
  );
  const { body } = await stack.admin('GET', '/audit?limit=1000');
  const { list } = body as { list: readonly Record<string, unknown>[] };
  const put = list.filter(({ method }) => method === 'PUT');
  expect(put.at(-1)).toMatchObject({
    caller: 'first',
    target: id,
    status: 200,
    before: { keyManager: { enabled: true } },
    after: { keyManager: { enabled: false } },
  });
});

test('is refused deletion while in use, and forced takes everything with it', async () => {
  const usages = await stack.admin('GET', `${KEY_MANAGERS}/${id}/api-usages`);
  expect(usages.body).toEqual({ apiCount: 0, apis: [] });
  const known = token();
  expect(await statusOf(known)).toBe(200);
  expect((await stack.admin('DELETE', `${KEY_MANAGERS}/${id}`)).status).toBe(200);
  expect(await statusOf(known)).toBe(401);
  const { body } = await stack.admin('GET', KEY_MANAGERS);
  const partner = (body as { list: { id: string; name: string; isUsed: boolean }[] }).list.find(
    ({ name }) => name === 'PartnerKM',
  );
  expect(partner).toMatchObject({ isUsed: true });
  const refused = await stack.admin('DELETE', `${KEY_MANAGERS}/${partner?.id}`);
  expect([refused.status, refused.body]).toMatchObject([412, { code: 902015 }]);
  expect((await stack.admin('DELETE', `${KEY_MANAGERS}/${partner?.id}?force=true`)).status).toBe(200);
});
