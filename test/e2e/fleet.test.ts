// Two Gatehouses with data of their own, behind one Envoy, and the Redis that they share: gone, back, emptied.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { type RedisServer, startRedis } from '../rig/redis-server.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';
import { callAdmin, keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const MENU = '/pizza/1.0.0/menu';
/** Takes the tokens of every key manager. */
const ORDERS = '/orders/1.0.0/list';
/** Envoy takes turns, so this many in a row have been at both. */
const IN_A_ROW = 8;

async function startFleet(): Promise<{ readonly stack: Stack; readonly redis: RedisServer }> {
  const redis = await startRedis();
  onTestFinished(() => redis.stop());
  const file = join(temporaryFolder(), 'sealing-key');
  writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  const stack = await startStack({
    instances: 2,
    settings: {
      // That a slow Redis counts as absent is tested elsewhere; these processes share a small machine.
      cache: { redis: { url: redis.url, tokens: 'always', commandTimeoutMs: 1_000 } },
      sealing: { keys: [{ id: 'fleet', file }] },
    },
  });
  onTestFinished(() => stack.stop());
  await eventually('Redis is in use', async () => {
    const metrics = await Promise.all(stack.gatehouses.map(metricsOf));
    return metrics.every((text) => /^gatehouse_redis_up 1$/m.test(text));
  });
  return { stack, redis };
}

async function metricsOf(gatehouse: Stack['gatehouse']): Promise<string> {
  const authorization = `Bearer ${gatehouse.adminToken}`;
  return (await fetch(`${gatehouse.adminUrl}/metrics`, { headers: { authorization } })).text();
}
const statuses = async (stack: Stack, token: string, path = MENU) => {
  const all = [];
  for (let at = 0; at < IN_A_ROW; at++) all.push((await stack.get(path, token)).status);
  return all;
};
const all = (status: number) => Array.from({ length: IN_A_ROW }, () => status);
const turns = (stack: Stack, token: string, status: number, path = MENU) =>
  eventually(`both answer ${status}`, async () => (await statuses(stack, token, path)).every((one) => one === status));

test('a revocation at one rules the requests at all, and so does its end', async () => {
  const { stack } = await startFleet();
  const [token, other] = [stack.token('shop', { jti: 'jti-revoked' }), stack.token('shop', { jti: 'jti-other' })];
  expect(await statuses(stack, token)).toEqual(all(200));
  const made = await stack.admin('POST', '/revocations', { kind: 'jti', value: 'jti-revoked' });
  expect(made.status).toBe(201);
  const from = performance.now();
  await turns(stack, token, 401);
  console.log(`${IN_A_ROW} requests in turn were denied ${Math.round(performance.now() - from)} ms after the answer`);
  expect(await statuses(stack, other)).toEqual(all(200));
  expect((await stack.admin('DELETE', `/revocations/${(made.body as { id: string }).id}`)).status).toBe(200);
  await turns(stack, token, 200);
});

test('without Redis each goes on alone, and what was revoked meanwhile gets around when it is back', async () => {
  const { stack, redis } = await startFleet();
  const token = stack.token('shop', { jti: 'jti-meanwhile' });
  expect(await statuses(stack, token)).toEqual(all(200));
  await redis.kill();
  expect(await statuses(stack, stack.token('shop', { jti: 'jti-new' }))).toEqual(all(200));
  const [, second] = stack.gatehouses;
  if (second === undefined) throw new Error('there are two');
  expect((await callAdmin(second, 'POST', '/revocations', { kind: 'jti', value: 'jti-meanwhile' })).status).toBe(201);
  const again = await startRedis({ port: redis.port });
  onTestFinished(() => again.stop());
  await turns(stack, token, 401);
});

test('one fetches a key set for all and proves a token for all, restarted or not, and Redis shows nothing of either', async () => {
  const { stack, redis } = await startFleet();
  const canary = 'canary-subject-5d1f';
  // Whoever starts before Redis answers fetches for itself; this one comes when both use Redis.
  const fresh = await startKeyManager();
  onTestFinished(() => fresh.close());
  for (const gatehouse of stack.gatehouses)
    expect((await callAdmin(gatehouse, 'POST', KEY_MANAGERS, keyManagerDto('FreshKM', fresh))).status).toBe(201);
  const token = fresh.mint({ azp: 'shop', sub: 'shop', canary, jti: canary });
  expect(await statuses(stack, token, ORDERS)).toEqual(all(200));
  expect(fresh.requests(PATHS.jwks)).toBe(1);
  const hasHits = async (gatehouse: Stack['gatehouse']) =>
    /^gatehouse_redis_lookups_total\{kind="token",result="hit"\} [1-9]/m.test(await metricsOf(gatehouse));
  await eventually('one found what the other knew', async () =>
    (await Promise.all(stack.gatehouses.map(hasHits))).includes(true),
  );
  await stack.gatehouse.stop();
  const again = await stack.gatehouse.again();
  onTestFinished(async () => void (await again.stop()));
  await turns(stack, token, 200, ORDERS);
  await eventually('it found what it knew before', () => hasHits(again));
  const keys = (await redis.cli('keys', '*')).split('\n').filter((key) => !key.includes('{revocation}'));
  expect(keys.length).toBeGreaterThanOrEqual(2);
  for (const key of keys) {
    expect(key).toMatch(/^gatehouse:1:(token|key_set|fetch_claim):[A-Za-z0-9_-]{43}$/);
    const value = await redis.cli('get', key);
    for (const secret of [canary, token, 'shop', 'kty']) expect(value).not.toContain(secret);
  }
});
