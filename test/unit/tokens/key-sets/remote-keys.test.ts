import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeEach, expect, test } from 'vitest';
import type { StoredKeySet } from '../../../../src/authorize/ports.ts';
import { keySetFetch } from '../../../../src/tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../../../src/tokens/key-sets/key-sets.ts';
import { openDoor } from '../../outbound/open-door.ts';
import { KeyServer } from '../key-server.ts';
import { es256Key, jwks, keyManager, NOW_MS, unprovedJwt } from '../token-sample.ts';

const first = es256Key('k1');
const second = es256Key('k2');
const HOUR = 3_600_000;
const door = openDoor();
const fetch = keySetFetch({
  send: door.send,
  readCredential: async () => undefined,
  timeoutMs: 20_000,
  maxBytes: 524_288,
});
afterAll(() => door.close());

let server: KeyServer;
let now: number;
let stored: Map<string, StoredKeySet>;
let told: string[];
let keySets: KeySets;

function start(): KeySets {
  return new KeySets({
    store: { load: (id) => stored.get(id), save: (id, keySet) => stored.set(id, keySet) },
    fetch,
    clock: () => now,
    random: () => 0,
    fetchTimeoutMs: 20_000,
    cooldownMs: 5_000,
    refreshMs: HOUR,
    maxStaleMs: 24 * HOUR,
    observer: {
      fetched: (id, outcome) => told.push(`${id} ${outcome}`),
      throttled: (id) => told.push(`${id} throttled`),
      staleUsed: () => undefined,
    },
  });
}

beforeEach(async () => {
  server = await new KeyServer().listen();
  server.body = jwks(first);
  now = NOW_MS;
  stored = new Map();
  told = [];
  keySets = start();
});
afterEach(() => server[Symbol.asyncDispose]());

/** RFC 7638, worked out independently. */
function keyOf(kid: 'k1' | 'k2'): string {
  const { crv, kty, x, y } = (kid === 'k1' ? first : second).jwk;
  return createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
}
const sample = () => keyManager({ keys: { kind: 'jwks', urls: [server.url()], authorizationFile: null } });
const token = (kid?: string) => unprovedJwt({}, kid === undefined ? {} : { kid });
/** The kids found, or the reason why none was. */
async function find(kid: string, settings = sample()): Promise<string> {
  const choice = await keySets.find(token(kid), settings, now);
  return 'reason' in choice ? choice.reason : choice.keys.map((key) => key.kid).join();
}
/** Waits until a refresh in the background has been told of. */
const refreshed = (count: number) =>
  expect.poll(() => told.filter((line) => !line.endsWith('throttled')).length).toBe(count);

test('a thousand askers at once cost one fetch, and later ones none', async () => {
  const found = await Promise.all(Array.from({ length: 1000 }, () => find('k1')));
  expect(new Set(found)).toEqual(new Set(['k1']));
  expect(keySets.find(token('k1'), sample(), now)).not.toBeInstanceOf(Promise);
  expect(server.fetches).toBe(1);
  expect(told).toEqual(['km-1 ok']);
});

test('500 random kids cost one fetch in a cool-down while the server is well', async () => {
  await find('k1');
  now += 5_000;
  for (let n = 0; n < 500; n++) await find(`random-${n}`);
  expect(server.fetches).toBe(2);
});

test('500 random kids while the server fails cost as many fetches as the doubling pauses allow', async () => {
  server.status = 500;
  const reasons = new Set<string>();
  for (let n = 0; n < 500; n++) {
    reasons.add(await find(`random-${n}`));
    now += 100;
  }
  expect(reasons).toEqual(new Set(['key_set_unavailable']));
  console.log(`500 random kids in 50 s while the JWKS URL fails: ${server.fetches} fetches`);
  // 50 s: fetches at 0, 1, 3, 7, 15, 30 and 45 s.
  expect(server.fetches).toBe(7);
  server.status = 200;
  now += 15_000;
  expect(await find('k1')).toBe('k1');
});

test('an unknown kid right after an own fetch is denied, within the cool-down it is a fault', async () => {
  await find('k1');
  expect(await find('k2')).toBe('key_set_refreshing');
  now += 5_000;
  expect(await find('k2')).toBe('key_not_found');
  expect(await find('k2')).toBe('key_set_refreshing');
  expect(told).toEqual(['km-1 ok', 'km-1 throttled', 'km-1 ok', 'km-1 throttled']);
});

test('a kid that is there, but for another algorithm, is denied at once and costs no fetch', async () => {
  await find('k1');
  now += HOUR / 2;
  const choice = await keySets.find(unprovedJwt({}, { alg: 'RS256', kid: 'k1' }), sample(), now);
  expect(choice).toMatchObject({ outcome: 'deny', reason: 'key_not_found' });
  expect(told).toEqual(['km-1 ok']);
});

test('a new key is found at most five seconds after the last fetch, however many unknown kids came meanwhile', async () => {
  await find('k1');
  server.body = jwks(first, second);
  for (let step = 0; step < 50; step++) {
    expect(await find(`random-${step}`)).toBe('key_set_refreshing');
    now += 100;
  }
  expect(await find('k2')).toBe('k2');
  expect(server.fetches).toBe(2);
});

test('one who joins a fetch that was under way gets a fault for a key that it did not bring', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.gate = promise;
  const own = find('k2');
  const joined = find('k3');
  resolve();
  expect(await own).toBe('key_not_found');
  expect(await joined).toBe('key_set_refreshing');
  expect(server.fetches).toBe(1);
});

test('an old set is served while it is refreshed behind the caller’s back', async () => {
  await find('k1');
  server.body = jwks(second);
  now += HOUR;
  expect(keySets.find(token('k1'), sample(), now)).not.toBeInstanceOf(Promise);
  await refreshed(2);
  expect(keySets.holds(sample(), keyOf('k2'), now)).toBe(true);
  expect(server.fetches).toBe(2);
});

test('a key replaced under its old kid, or without one, is found by the refresh in the background and by nothing before', async () => {
  server.body = jwks(first);
  await find('k1');
  server.body = jwks({ ...second.jwk, kid: 'k1' });
  now += HOUR - 1;
  for (const asked of [token('k1'), token()])
    expect(await keySets.find(asked, sample(), now)).toMatchObject({ keys: [{ thumbprint: keyOf('k1') }] });
  expect(server.fetches).toBe(1);
  now += 1;
  await find('k1');
  await refreshed(2);
  for (const asked of [token('k1'), token()])
    expect(await keySets.find(asked, sample(), now)).toMatchObject({ keys: [{ thumbprint: keyOf('k2') }] });
});

test('a remembered proof alone is enough to have the set refreshed, and a withdrawn key is no longer held', async () => {
  await find('k1');
  const settings = sample();
  server.body = jwks(second);
  now += HOUR;
  expect(keySets.holds(settings, keyOf('k1'), now)).toBe(true);
  await refreshed(2);
  expect(keySets.holds(settings, keyOf('k1'), now)).toBe(false);
});

test('the last good set outlives failures and rubbish until it is too old', async () => {
  await find('k1');
  for (const [fetches, status, body] of [
    [2, 500, ''],
    [3, 200, '<html>'],
    [4, 200, jwks({ kty: 'oct', k: 'AA' })],
    [5, 200, '"An error occurred"'],
    [6, 302, ''],
  ] as const) {
    server.status = status;
    server.body = body;
    now += HOUR;
    expect(await find('k1')).toBe('k1');
    await refreshed(fetches);
  }
  expect(told.slice(1)).toEqual([
    'km-1 status_500',
    'km-1 not_json',
    'km-1 no_usable_key',
    'km-1 no_keys_array',
    'km-1 redirect_refused',
  ]);
  now = NOW_MS + 24 * HOUR + 1;
  expect(await find('k1')).toBe('key_set_unavailable');
  expect(keySets.holds(sample(), keyOf('k1'), now)).toBe(false);
});

test('a set that nobody asked for in two periods proves nothing before a fetch was tried, also after a restart', async () => {
  await find('k1');
  const settings = sample();
  server.body = jwks(second);
  now += 2 * HOUR - 1;
  expect(keySets.find(token('k1'), settings, now)).not.toBeInstanceOf(Promise);
  await refreshed(2);
  for (const begin of [() => keySets, start]) {
    server.body = jwks(first);
    now += 5 * HOUR;
    expect(await find('k1')).toBe('k1');
    server.body = jwks(second);
    now += 2 * HOUR;
    keySets = begin();
    expect(await find('k1')).toBe('key_not_found');
  }
  expect(told).toEqual(Array(6).fill('km-1 ok'));
});

test('a proof by such a set does not count either; it starts the fetch, which makes it count again', async () => {
  await find('k1');
  const settings = sample();
  now += 2 * HOUR;
  expect(keySets.holds(settings, keyOf('k1'), now)).toBe(false);
  expect(await find('k1', settings)).toBe('k1');
  expect(keySets.holds(settings, keyOf('k1'), now)).toBe(true);
  expect(server.fetches).toBe(2);
});

test('while its server is down such a set counts after the first failed fetch, and is asked for in the background', async () => {
  await find('k1');
  const settings = sample();
  server.status = 500;
  now += 2 * HOUR;
  expect(keySets.find(token('k1'), settings, now)).toBeInstanceOf(Promise);
  await refreshed(2);
  for (const fetches of [3, 4, 5]) {
    now += 15_000;
    expect(keySets.find(token('k1'), settings, now)).not.toBeInstanceOf(Promise);
    expect(keySets.holds(settings, keyOf('k1'), now)).toBe(true);
    await refreshed(fetches);
  }
});

test('a failure from before a set became old, or from long ago, does not make it count', async () => {
  await find('k1');
  server.status = 500;
  now += 1.5 * HOUR;
  await find('k1');
  await refreshed(2);
  now += 0.5 * HOUR;
  expect(keySets.find(token('k1'), sample(), now)).toBeInstanceOf(Promise);
  await refreshed(3);
  expect(await find('k1')).toBe('k1');
  server.status = 200;
  server.body = jwks(second);
  now += HOUR + 1;
  expect(await find('k1')).toBe('key_not_found');
});

test('an outage that began before a set became old goes on without anybody waiting', async () => {
  await find('k1');
  server.status = 500;
  now += 2 * HOUR - 20_000;
  await find('k1');
  await refreshed(2);
  now += 20_000;
  expect(keySets.find(token('k1'), sample(), now)).not.toBeInstanceOf(Promise);
  await refreshed(3);
});

test('an empty list withdraws all keys when it is said twice, a cool-down apart, and stays so after a restart', async () => {
  await find('k1');
  server.body = '{"keys":[]}';
  now += 2 * HOUR;
  expect(await find('k1')).toBe('k1');
  now += 4_999;
  expect(keySets.holds(sample(), keyOf('k1'), now)).toBe(true);
  expect(server.fetches).toBe(2);
  now += 1;
  expect(await find('k1')).toBe('key_not_found');
  expect(told).toEqual(['km-1 ok', 'km-1 empty', 'km-1 empty']);
  keySets = start();
  expect(keySets.holds(sample(), keyOf('k1'), now)).toBe(false);
  expect(server.fetches).toBe(3);
  now += 5_000;
  server.body = jwks(first);
  expect(await find('k1')).toBe('k1');
});

test('an empty list that was said once is forgotten when keys come back, and a failed fetch does not confirm it', async () => {
  await find('k1');
  server.body = '{"keys":[]}';
  now += 5_000;
  expect(await find('k2')).toBe('key_set_refreshing');
  server.status = 500;
  now += 5_000;
  expect(await find('k1')).toBe('k1');
  expect(server.fetches).toBe(3);
  server.status = 200;
  server.body = jwks(first);
  now += 1_000;
  await find('k1');
  await refreshed(4);
  server.body = '{"keys":[]}';
  now += 5_000;
  await find('k2');
  expect(await find('k1')).toBe('k1');
  expect(told.filter((line) => !line.endsWith('throttled'))).toEqual(
    ['ok', 'empty', 'status_500', 'ok', 'empty'].map((outcome) => `km-1 ${outcome}`),
  );
});

test('an old set whose server fails is asked for again only as the doubling pauses allow', async () => {
  await find('k1');
  server.status = 500;
  now += HOUR;
  for (let n = 0; n < 10; n++) {
    expect(await find('k1')).toBe('k1');
    await refreshed(n < 2 ? 2 : n < 6 ? 3 : 4);
    now += 500;
  }
  // Over 4.5 s: fetches at 0, 1 and 3 s, and the first of all.
  expect(server.fetches).toBe(4);
});

test('an unknown kid while the server is down is a fault, known ones are served', async () => {
  await find('k1');
  server.status = 503;
  now += 5_000;
  expect(await find('k2')).toBe('key_set_refreshing');
  expect(await find('k1')).toBe('k1');
});

test('a cold start with the server down decides with the last good set', async () => {
  await find('k1');
  server.status = 500;
  now += 2 * HOUR;
  keySets = start();
  expect(await find('k1')).toBe('k1');
});

test('a stored set of another URL, or one that cannot be read, is not used', async () => {
  server.status = 500;
  stored.set('km-1', { url: 'https://old.example/jwks', jwks: jwks(first), fetchedAtMs: now });
  expect(await find('k1')).toBe('key_set_unavailable');
  stored.set('km-1', { url: server.url(), jwks: 'rubbish', fetchedAtMs: now });
  keySets = start();
  expect(await find('k1')).toBe('key_set_unavailable');
});

test('a changed URL drops the old keys at once, and a late answer of the old URL is not stored', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.gate = promise;
  const late = find('k1');
  await expect.poll(() => server.fetches).toBe(1);
  await using other = await new KeyServer().listen();
  other.body = jwks(second);
  const moved = keyManager({ keys: { kind: 'jwks', urls: [other.url()], authorizationFile: null } });
  expect(await find('k1', moved)).toBe('key_not_found');
  expect(await find('k2', moved)).toBe('k2');
  resolve();
  await late;
  expect(stored.get('km-1')?.url).toBe(other.url());
});

test('a key manager that is gone leaves nothing behind', async () => {
  await find('k1');
  now += 1000;
  expect(keySets.ages(now)).toEqual([{ keyManagerId: 'km-1', ageMs: 1000 }]);
  keySets.retain(new Set(['km-2']));
  expect(keySets.ages(now)).toEqual([]);
});

test('settings of before, asked for late, neither evict the keys of newer ones nor bring a deleted key manager back', async () => {
  const old = sample();
  const without = keyManager({ keys: { kind: 'none' } });
  await using other = await new KeyServer().listen();
  other.body = jwks(second);
  const moved = keyManager({ keys: { kind: 'jwks', urls: [other.url()], authorizationFile: null } });
  await find('k1', old);
  await find('k1', without);
  await find('k2', moved);
  for (const late of [old, without]) await find('k1', late);
  expect(keySets.holds(moved, keyOf('k2'), now)).toBe(true);
  expect(keySets.holds(moved, keyOf('k1'), now)).toBe(false);
  expect([server.fetches, other.fetches]).toEqual([1, 1]);
  keySets.retain(new Set());
  expect(await find('k1', old)).toBe('k1');
  expect(await find('k2', moved)).toBe('k2');
  expect(keySets.ages(now)).toEqual([]);
});

test('settings that name the same source share its keys, and the values are compared once for each', async () => {
  let joined = 0;
  const values = [first.publicKey.export({ type: 'spki', format: 'pem' }).toString()];
  const counted: readonly string[] = Object.assign(values, {
    join: (separator: string) => {
      joined += 1;
      return [...values].join(separator);
    },
  });
  const keys = { kind: 'pem', values: counted } as const;
  const [one, two] = [keyManager({ keys }), keyManager({ keys })];
  for (let n = 0; n < 10; n++) for (const settings of [one, two]) expect(await find('k1', settings)).toBe('');
  expect(joined).toBe(2);
});

test('keys of one key manager are never another’s, whatever their kid', async () => {
  await using other = await new KeyServer().listen();
  other.body = jwks({ ...second.jwk, kid: 'k1' });
  const stranger = keyManager({ id: 'km-2', keys: { kind: 'jwks', urls: [other.url()], authorizationFile: null } });
  await find('k1');
  await find('k1', stranger);
  expect(keySets.holds(stranger, keyOf('k1'), now)).toBe(false);
  expect(keySets.holds(stranger, keyOf('k2'), now)).toBe(true);
});

test('a clock that was set back does not stop refreshes', async () => {
  await find('k1');
  now -= 30 * 24 * HOUR;
  expect(await find('k1')).toBe('k1');
  expect(server.fetches).toBe(2);
});

test('PEM keys need no server, and a key manager without keys has none', async () => {
  const pem = first.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const settings = keyManager({ keys: { kind: 'pem', values: [pem] } });
  const choice = await keySets.find(token('whatever'), settings, now);
  expect('reason' in choice ? choice : choice.keys[0]?.thumbprint).toBe(keyOf('k1'));
  expect(await keySets.find(token(), keyManager({ keys: { kind: 'none' } }), now)).toMatchObject({
    reason: 'key_not_found',
  });
  expect(server.fetches).toBe(0);
});
