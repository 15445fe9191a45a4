// Revocations over HTTP, in our own form and in WSO2's.

import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type AdminRig, memoryRevocations, startRig, TOKENS } from '../admin-rig.ts';

const NOTIFY = '/internal/data/v1/notify';
const REVOKED = '/internal/data/v1/revokedjwt';
const TOKEN = 'canary.token.value';
const HASH = createHash('sha256').update(TOKEN).digest('hex');
let rig: AdminRig;
beforeEach(async () => {
  rig = await startRig();
});
afterEach(() => rig.stop());

const revoke = (body: unknown, token = TOKENS.revoke) => rig.call('POST', '/revocations', token, body);
const rows = () => [...rig.revocations.rows.values()];

describe('POST /revocations', () => {
  test.each([
    [
      { kind: 'jti', value: 'a' },
      { kind: 'jti', value: 'a' },
    ],
    [
      { kind: 'token', token: TOKEN },
      { kind: 'token', value: HASH },
    ],
    [
      { kind: 'token', tokenHash: HASH },
      { kind: 'token', value: HASH },
    ],
    [
      { kind: 'consumer_key', value: 'shop' },
      { kind: 'consumer_key', value: 'shop', expiresAtMs: null },
    ],
    [
      { kind: 'subject', value: ' ann ' },
      { kind: 'subject', value: ' ann ', expiresAtMs: null },
    ],
    [
      { kind: 'key', value: 'thumbprint' },
      { kind: 'key', value: 'thumbprint', expiresAtMs: null },
    ],
    [
      { kind: 'key_manager', value: 'Okta' },
      { kind: 'key_manager', value: 'km-1', expiresAtMs: null },
    ],
  ])('of %j makes one entry of the caller', async (body, entry) => {
    const answer = await revoke(body);
    expect(answer.status).toBe(201);
    const told = (await answer.json()) as { id: string };
    expect(answer.headers.get('location')).toBe(`/revocations/${told.id}`);
    expect(rows()).toMatchObject([
      { ...entry, id: told.id, organization: 'carbon.super', createdBy: 'revoke', keyManagerId: null, lifted: false },
    ]);
  });

  test('of a kid makes an entry for each key behind it, and lifting it lifts them all', async () => {
    const answer = await revoke({ kind: 'kid', value: 'k', keyManager: 'Okta' });
    const told = (await answer.json()) as { id: string };
    expect(told).toMatchObject({
      kind: 'kid',
      value: 'k',
      keyManagerId: 'km-1',
      keys: ['thumbprint-1', 'thumbprint-2'],
    });
    expect(rows().map(({ kind, value, keyManagerId }) => [kind, value, keyManagerId])).toEqual([
      ['kid', 'k', 'km-1'],
      ['key', 'thumbprint-1', 'km-1'],
      ['key', 'thumbprint-2', 'km-1'],
    ]);
    expect(await (await rig.call('GET', `/revocations/${told.id}`, TOKENS.revoke)).json()).toEqual(told);
    expect((await rig.call('DELETE', `/revocations/${told.id}`, TOKENS.revoke)).status).toBe(200);
    expect(rows().map(({ lifted }) => lifted)).toEqual([true, true, true]);
  });

  test('takes times with their offset, and keeps an entry of a token past its expiry', async () => {
    const expiresAt = Date.now() + 3_600_000;
    await revoke({ kind: 'jti', value: 'a', expiresAt: new Date(expiresAt).toISOString() });
    await revoke({ kind: 'jti', value: 'b' });
    await revoke({ kind: 'consumer_key', value: 'c', issuedBefore: '2026-11-28T13:00:00+01:00' });
    const [a, b, c] = rows();
    expect(a?.expiresAtMs).toBe(expiresAt + 60_000 + 3_600_000);
    expect(b?.expiresAtMs).toBeGreaterThan(Date.now() + 86_400_000);
    expect(c?.issuedBeforeMs).toBe(Date.UTC(2026, 10, 28, 12));
  });

  test.each([
    [{ kind: 'jti' }, 'value'],
    [{ kind: 'jti', value: '' }, 'value'],
    [{ kind: 'token', value: TOKEN }, 'value'],
    [{ kind: 'token', tokenHash: 'canary' }, 'tokenHash'],
    [{ kind: 'jti', value: 'a', issuedBefore: 'yesterday' }, 'issuedBefore'],
    [{ kind: 'jti', value: 'a', expiresAt: '2020-01-01T00:00:00Z' }, 'expiresAt'],
    [{ kind: 'jti', value: 'a', keyManager: 'Unknown' }, 'keyManager'],
    [{ kind: 'key_manager', value: 'Unknown' }, 'value'],
    [{ kind: 'jti', value: 'a', organization: 'other.example' }, 'organization'],
    [{ kind: 'jti', value: 'a', id: 'mine' }, 'id'],
    [{ kind: 'jti', value: 'a', lifted: true }, 'lifted'],
    [{ kind: 'nothing', value: 'a' }, 'kind'],
    [[], ''],
  ])('of %j is refused with the field', async (body, field) => {
    const answer = await revoke(body);
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect((JSON.parse(text) as { error: { message: string }[] }).error.map(({ message }) => message).join()).toContain(
      field === '' ? 'object' : `${field}:`,
    );
    expect(text).not.toContain('canary');
    expect(rows()).toEqual([]);
  });

  test('is 503 with Retry-After where the catalog does not take it: the caller must not believe it is in force', async () => {
    const own = await startRig({
      revocations: { ...memoryRevocations(), write: async () => ({ kind: 'refused', why: 'busy', fields: [] }) },
    });
    for (const [path, body] of [
      ['/revocations', { kind: 'jti', value: 'a' }],
      [NOTIFY, { type: 'token_revocation', accessToken: 'a', tokenType: 'JWT' }],
    ] as const) {
      const answer = await own.call('POST', path, TOKENS.revoke, body);
      expect([answer.status, answer.headers.get('retry-after')]).toEqual([503, '1']);
    }
    await own.stop();
  });
});

describe('GET and DELETE /revocations', () => {
  test('list what is in force, by pages', async () => {
    for (const value of ['a', 'b', 'c']) await revoke({ kind: 'jti', value });
    const page = await (await rig.call('GET', '/revocations?limit=2&offset=1', TOKENS.revoke)).json();
    expect(page).toMatchObject({
      count: 2,
      list: [{ value: 'b' }, { value: 'c' }],
      pagination: { offset: 1, limit: 2, total: 3, next: '', previous: '/revocations?limit=2&offset=0' },
    });
  });

  test('answer 404 for what was lifted or is of another organization', async () => {
    const { id } = (await (await revoke({ kind: 'jti', value: 'a' })).json()) as { id: string };
    for (const method of ['GET', 'DELETE'])
      expect((await rig.call(method, `/revocations/${id}`, TOKENS.other)).status).toBe(404);
    expect((await rig.call('DELETE', `/revocations/${id}`, TOKENS.revoke)).status).toBe(200);
    for (const method of ['GET', 'DELETE'])
      expect((await rig.call(method, `/revocations/${id}`, TOKENS.revoke)).status).toBe(404);
  });
});

describe('WSO2’s notify', () => {
  const notify = (body: unknown, headers: Record<string, string> = {}) =>
    fetch(`${rig.url}${NOTIFY}`, {
      method: 'POST',
      headers: { authorization: basic('revoke', TOKENS.revoke), 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    });
  const basic = (name: string, token: string) => `Basic ${Buffer.from(`${name}:${token}`).toString('base64')}`;
  const EVENT = {
    eventId: '1af9c2e8-1f46-4a5e-9f30-5ba6a7c5b9c9',
    timeStamp: Date.now(),
    type: 'token_revocation',
    tenantId: -1234,
    tenantDomain: 'carbon.super',
    accessToken: TOKEN,
    expiryTime: Date.now() + 60_000,
    user: 'ann',
    consumerKey: 'shop',
    tokenType: 'Opaque',
  };

  test('takes the event with a Basic credential and answers 200 without a body', async () => {
    const answer = await notify(EVENT);
    expect([answer.status, await answer.text()]).toEqual([200, '']);
    expect(rows()).toMatchObject([{ kind: 'token', value: HASH, keyManagerType: null, organization: 'carbon.super' }]);
    expect((await notify(EVENT)).status).toBe(200);
    expect(rows()).toHaveLength(1);
    expect((await notify(EVENT, { authorization: basic('revoke@carbon.super', TOKENS.revoke) })).status).toBe(200);
  });

  test('narrows an event by the type of its header, in whatever case, and only by one that is in use', async () => {
    await notify({ ...EVENT, eventId: '1' }, { 'x-wso2-key-manager': 'okta' });
    expect(rig.warnings).toEqual([]);
    await notify({ ...EVENT, eventId: '2' }, { 'x-wso2-key-manager': 'Nobody' });
    expect(rows().map(({ keyManagerType }) => keyManagerType)).toEqual(['Okta', null]);
    expect(rig.warnings.join()).toContain('no key manager is of the type of an event');
  });

  test('takes events of other types, revokes nothing, and logs that', async () => {
    for (const type of ['API_CREATE', `x${TOKEN}`]) {
      const answer = await notify({ type, accessToken: TOKEN });
      expect([answer.status, await answer.text()]).toEqual([200, '']);
    }
    expect(rows()).toEqual([]);
    expect(rig.warnings[0]).toMatch(/revokes nothing.*API_CREATE/);
    expect(rig.warnings[1]).toMatch(/revokes nothing.*no name of WSO2/);
  });

  test('answers 400 to an event that does not say what it revokes', async () => {
    const answer = await notify({ type: 'token_revocation', tokenType: 'JWT' });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      error: [{ message: expect.stringContaining('accessToken: is missing') }],
    });
    expect((await notify([])).status).toBe(200);
  });

  test.each([
    ['a wrong token', basic('revoke', 'wrong')],
    ['another name', basic('all', TOKENS.revoke)],
    ['no name', basic('', TOKENS.revoke)],
    ['another organization', basic('revoke@other.example', TOKENS.revoke)],
    ['no colon', `Basic ${Buffer.from('revoke').toString('base64')}`],
    ['no base64', 'Basic ***'],
  ])('refuses a Basic credential with %s', async (_what, authorization) => {
    expect((await notify(EVENT, { authorization })).status).toBe(401);
    expect(rows()).toEqual([]);
  });

  test('holds up an address after wrong Basic credentials, but never a right one', async () => {
    const statuses: number[] = [];
    for (let attempt = 0; attempt < 6; attempt += 1)
      statuses.push((await notify(EVENT, { authorization: basic('revoke', 'wrong') })).status);
    expect(statuses).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await notify(EVENT)).status).toBe(200);
  });

  test('a Basic credential opens nothing else', async () => {
    for (const path of ['/revocations', '/api/am/admin/v4/key-managers', '/metrics', '/audit']) {
      const answer = await fetch(`${rig.url}${path}`, { headers: { authorization: basic('all', TOKENS.all) } });
      expect(answer.status, path).toBe(401);
    }
  });

  test('what is revoked can be read in WSO2’s form', async () => {
    await revoke({ kind: 'jti', value: 'a-jti' });
    await revoke({ kind: 'subject', value: 'ann', issuedBefore: '2026-11-28T12:00:00Z' });
    await revoke({ kind: 'consumer_key', value: 'shop' });
    await revoke({ kind: 'token', token: TOKEN });
    const answer = await fetch(`${rig.url}${REVOKED}`, { headers: { authorization: basic('revoke', TOKENS.revoke) } });
    expect(await answer.json()).toEqual({
      revokedJWTList: [{ jwt_signature: 'a-jti', expiry_time: rows()[0]?.expiresAtMs }],
      revokedJWTSubjectEntityList: [
        {
          entity_id: 'ann',
          entity_type: 'USER_ID',
          revocation_time: Date.UTC(2026, 10, 28, 12),
          organization: 'carbon.super',
        },
      ],
      revokedJWTConsumerKeyList: [
        {
          consumer_key: 'shop',
          revocation_time: 253_402_300_799_000,
          type: 'consumer_app_revocation_event',
          organization: 'carbon.super',
        },
      ],
    });
  });
});
