// A fleet over a real Redis fetches a key set once, and each of it decides as if it had fetched itself; without Redis each does.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RedisServer, startRedis } from '../rig/redis-server.ts';
import { openWatchedStore } from '../rig/shared-store.ts';
import { HOUR_MS, KeySetSample, remote, startKeyServer } from '../unit/tokens/key-sets/key-set-sample.ts';
import { es256Key, jwks } from '../unit/tokens/token-sample.ts';

const first = es256Key('k1');
const second = es256Key('k2');
/** How long one may take to fetch before another may, where that is not looked at: a busy machine must not be late. */
const LONG_HOLD_MS = 60_000;
const CLAIMS = 'gatehouse:1:fetch_claim:*';
let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** So many processes that share a Redis, or that think they do. */
async function fleetOf(size: number, { url = redis.url, holdMs = LONG_HOLD_MS } = {}) {
  if (url === redis.url) await redis.cli('flushall');
  const server = await startKeyServer(jwks(first));
  const settings = remote('km-1', server.url());
  const members = Array.from({ length: size }, () => {
    let clock = () => 0;
    const { store, states } = openWatchedStore({ url }, { clock: () => clock() });
    const sample = new KeySetSample(new Map(), { shared: store.keySets, fetchTimeoutMs: holdMs });
    clock = () => sample.now;
    return { sample, store, states };
  });
  for (const { states } of members) await expect.poll(() => states.length).toBeGreaterThan(0);
  /** Redis has a clock of its own, by which claims run out: they are taken away as if they had. */
  const turn = async (ms: number) => {
    const claims = (await redis.cli('keys', CLAIMS)).split('\n').filter(Boolean);
    if (claims.length > 0) await redis.cli('del', ...claims);
    for (const { sample } of members) sample.now += ms;
  };
  return { server, settings, members, turn };
}

test('ten processes that start together fetch once', async () => {
  const { server, settings, members } = await fleetOf(10);
  for (const { sample } of members) sample.keySets.follow([settings]);
  for (const { sample } of members) expect(await sample.find('k1', settings)).toBe('k1');
  expect(server.fetches).toBe(1);
  expect(members.flatMap(({ sample }) => sample.told).sort()).toEqual(['km-1 ok', ...Array(9).fill('km-1 shared')]);
});

test('a new key that one has found is found by the others without a fetch', async () => {
  const { server, settings, members, turn } = await fleetOf(3);
  const [one, two, three] = members;
  for (const { sample } of members) await sample.find('k1', settings);
  server.body = jwks(first, second);
  await turn(5_000);
  expect(await one?.sample.find('k2', settings)).toBe('k2');
  expect(server.fetches).toBe(2);
  await turn(60_000);
  expect(await two?.sample.find('k2', settings)).toBe('k2');
  expect(await three?.sample.find('k2', settings)).toBe('k2');
  expect(server.fetches).toBe(2);
});

test('a removed key stops counting everywhere within one refresh, at one fetch', async () => {
  const { server, settings, members, turn } = await fleetOf(3);
  for (const { sample } of members) await sample.find('k1', settings);
  server.body = jwks(second);
  await turn(HOUR_MS);
  for (const { sample } of members) sample.keySets.follow([settings]);
  for (const { sample } of members) await expect.poll(() => sample.holds(second, settings)).toBe(true);
  for (const { sample } of members) expect(sample.holds(first, settings)).toBe(false);
  expect(server.fetches).toBe(2);
});

test('a set that is older than the held one is not taken back', async () => {
  const { server, settings, members, turn } = await fleetOf(2);
  const [one, two] = members;
  const url = server.url();
  await one?.sample.find('k1', settings);
  const old = await one?.store.keySets.get('km-1', url);
  await turn(HOUR_MS);
  server.body = jwks(second);
  await two?.sample.find('k2', settings);
  await expect.poll(() => two?.sample.holds(second, settings)).toBe(true);
  if (old !== undefined) two?.store.keySets.set('km-1', old);
  await turn(10_000);
  await two?.sample.find('k1', settings);
  expect(two?.sample.holds(first, settings)).toBe(false);
  expect(two?.sample.holds(second, settings)).toBe(true);
});

test('a key manager’s set is no other’s, though they name one URL', async () => {
  const { server, settings, members } = await fleetOf(2);
  const [one, two] = members;
  await one?.sample.find('k1', settings);
  expect(await two?.sample.find('k1', remote('km-2', server.url()))).toBe('k1');
  expect(server.fetches).toBe(2);
});

test('when the one that fetches fails, the others decide with what they have and fetch later', async () => {
  const { server, settings, members, turn } = await fleetOf(2, { holdMs: 500 });
  for (const { sample } of members) await sample.find('k1', settings);
  const gate = Promise.withResolvers<void>();
  server.gate = gate.promise;
  server.status = 500;
  await turn(HOUR_MS);
  for (const { sample } of members) sample.keySets.follow([settings]);
  for (const { sample } of members) expect(await sample.find('k1', settings)).toBe('k1');
  gate.resolve();
  for (const { sample } of members) await expect.poll(() => sample.fetches(), { timeout: 60_000 }).toBe(2);
  expect(server.fetches).toBe(2);
  server.status = 200;
  await turn(60_000);
  for (const { sample } of members) sample.keySets.follow([settings]);
  for (const { sample } of members) await expect.poll(() => sample.fetches(), { timeout: 60_000 }).toBe(3);
  for (const { sample } of members) expect(await sample.find('k1', settings)).toBe('k1');
});

test('without its Redis each fetches for itself', async () => {
  const { server, settings, members } = await fleetOf(3, { url: 'redis://127.0.0.1:1' });
  for (const { sample } of members) expect(await sample.find('k1', settings)).toBe('k1');
  expect(server.fetches).toBe(3);
});
