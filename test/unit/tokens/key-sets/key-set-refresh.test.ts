// Key sets are kept fresh while nobody asks: at a start, as key managers come and change, as time passes, and while servers fail.

import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { es256Key, jwks, keyManager } from '../token-sample.ts';
import { HOUR_MS, KeySetSample, remote, type Stored, startKeyServer } from './key-set-sample.ts';

const first = es256Key('k1');
const second = es256Key('k2');

test('sets are fetched at a start without a token, and known to the first one', async () => {
  const server = await startKeyServer(jwks(first));
  const sample = new KeySetSample();
  const settings = remote('km-1', server.url());
  sample.keySets.follow([settings]);
  await expect.poll(() => sample.fetches('ok')).toBe(1);
  expect(sample.keySets.digest(settings, sample.now)).not.toBe('');
  expect(await sample.find('k1', settings)).toBe('k1');
  expect(server.fetches).toBe(1);
});

test('a key manager that is made or changed has its set fetched; one that is disabled or gone is left alone', async () => {
  const [one, two] = [await startKeyServer(jwks(first)), await startKeyServer(jwks(second))];
  const sample = new KeySetSample();
  sample.keySets.start();
  sample.keySets.follow([remote('km-1', one.url())]);
  await expect.poll(() => one.fetches).toBe(1);
  sample.keySets.follow([remote('km-1', two.url()), keyManager({ ...remote('km-2', one.url()), enabled: false })]);
  await expect.poll(() => two.fetches).toBe(1);
  sample.keySets.follow([]);
  sample.now += HOUR_MS;
  // Longer than the timer needs to look for what is due.
  await sleep(1_200);
  expect([one.fetches, two.fetches]).toEqual([1, 1]);
  expect(sample.keySets.ages(sample.now)).toEqual([]);
});

test('other ways to reach the same URL are another source, which starts from the last good set', async () => {
  const server = await startKeyServer(jwks(first));
  const sample = new KeySetSample();
  const before = remote('km-1', server.url());
  sample.keySets.follow([before]);
  await expect.poll(() => sample.fetches('ok')).toBe(1);
  server.status = 500;
  const after = keyManager({ ...before, connection: { ...before.connection, serverName: 'idp.internal' } });
  sample.keySets.follow([after]);
  await expect.poll(() => sample.fetches()).toBe(2);
  expect(await sample.find('k1', after)).toBe('k1');
});

test('a removed key stops counting within one refresh though nobody asks', async () => {
  const server = await startKeyServer(jwks(first, second));
  const sample = new KeySetSample();
  const settings = remote('km-1', server.url());
  sample.keySets.start();
  sample.keySets.follow([settings]);
  await expect.poll(() => sample.fetches('ok')).toBe(1);
  expect(sample.holds(first, settings)).toBe(true);
  server.body = jwks(second);
  sample.now += HOUR_MS;
  await expect.poll(() => sample.fetches('ok')).toBe(2);
  expect(sample.holds(first, settings)).toBe(false);
  expect(sample.holds(second, settings)).toBe(true);
  expect(await sample.find('k1', settings)).toBe('key_set_refreshing');
  sample.now += 5_000;
  expect(await sample.find('k1', settings)).toBe('key_not_found');
});

test('hundreds of key managers are fetched a few at a time', async () => {
  const server = await startKeyServer(jwks(first));
  const gate = Promise.withResolvers<void>();
  server.gate = gate.promise;
  const sample = new KeySetSample();
  sample.keySets.follow(Array.from({ length: 300 }, (_, n) => remote(`km-${n}`, server.url(`/${n}`))));
  await expect.poll(() => server.fetches).toBe(16);
  await sleep(100);
  expect(server.fetches).toBe(16);
  gate.resolve();
  await expect.poll(() => sample.fetches('ok')).toBe(300);
  expect(new Set(server.asked).size).toBe(300);
});

test('many servers that hang do not hold up the refresh of one that is well', async () => {
  const [hanging, well] = [await startKeyServer(''), await startKeyServer(jwks(first))];
  hanging.status = 500;
  const sample = new KeySetSample();
  const last = remote('km-last', well.url());
  const all = [...Array.from({ length: 50 }, (_, n) => remote(`km-${n}`, hanging.url(`/${n}`))), last];
  sample.keySets.follow(all);
  await expect.poll(() => sample.fetches()).toBe(51);
  hanging.gate = new Promise(() => undefined);
  well.body = jwks(second);
  sample.now += HOUR_MS;
  sample.keySets.follow(all);
  await expect.poll(() => sample.fetches('ok')).toBe(2);
  expect(sample.holds(first, last)).toBe(false);
  // Of those that hang only a few are asked at a time.
  expect(hanging.fetches).toBe(50 + 4);
});

test('a token waits for its own key manager and not for the queue of the others', async () => {
  const [hanging, well] = [await startKeyServer(''), await startKeyServer(jwks(first))];
  hanging.gate = new Promise(() => undefined);
  const sample = new KeySetSample();
  const last = remote('km-last', well.url());
  sample.keySets.follow([...Array.from({ length: 100 }, (_, n) => remote(`km-${n}`, hanging.url(`/${n}`))), last]);
  expect(await sample.find('k1', last)).toBe('k1');
  expect(sample.fetches()).toBe(1);
});

test('a server that fails is asked again at pauses that double to a minute while nobody asks, and found when it is back', async () => {
  const server = await startKeyServer(jwks(first));
  server.status = 503;
  const sample = new KeySetSample();
  sample.keySets.follow([remote('km-1', server.url())]);
  for (let second = 0; second < 300; second++) {
    sample.keySets.follow([remote('km-1', server.url())]);
    await sleep(5);
    await expect.poll(() => sample.fetches()).toBe(server.fetches);
    sample.now += 1_000;
  }
  console.log(`a server that fails for 300 s, nobody asking: fetched ${server.fetches} times`);
  expect(server.fetches).toBeLessThan(14);
  server.status = 200;
  sample.now += 60_000;
  sample.keySets.follow([remote('km-1', server.url())]);
  await expect.poll(() => sample.fetches('ok')).toBe(1);
});

test('a cold start with every server down decides with the last good sets', async () => {
  const stored: Stored = new Map();
  const [one, two] = [await startKeyServer(jwks(first)), await startKeyServer(jwks(second))];
  const settings = remote('km-1', one.url(), two.url());
  const before = new KeySetSample(stored);
  before.keySets.follow([settings]);
  await expect.poll(() => before.fetches('ok')).toBe(2);
  one.status = 500;
  two.status = 500;
  const after = new KeySetSample(stored);
  after.now += 20 * HOUR_MS;
  after.keySets.follow([settings]);
  await expect.poll(() => after.fetches()).toBe(2);
  expect(await after.find('k1', settings)).toBe('k1');
  expect(await after.find('k2', settings)).toBe('k2');
  expect(after.told).toContain('km-1 stale');
  after.now += 5 * HOUR_MS;
  expect(await after.find('k1', settings)).toBe('key_set_unavailable');
});

test.each([HOUR_MS, -HOUR_MS])(
  'a clock that jumps by %i ms loses no key, with the server well or down',
  async (jumpMs) => {
    const server = await startKeyServer(jwks(first));
    const sample = new KeySetSample(new Map(), { refreshMs: 600_000 });
    const settings = remote('km-1', server.url());
    sample.keySets.start();
    sample.keySets.follow([settings]);
    await expect.poll(() => sample.fetches('ok')).toBe(1);
    sample.now += jumpMs;
    expect(await sample.find('k1', settings)).toBe('k1');
    await expect.poll(() => sample.fetches('ok')).toBe(2);
    server.status = 500;
    sample.now += jumpMs;
    expect(await sample.find('k1', settings)).toBe('k1');
    server.status = 200;
    server.body = jwks(second);
    sample.now += 60_000;
    await expect.poll(() => sample.fetches('ok')).toBe(3);
    expect(await sample.find('k2', settings)).toBe('k2');
  },
);

test('nothing is fetched after the end', async () => {
  const server = await startKeyServer(jwks(first));
  const sample = new KeySetSample();
  sample.keySets.start();
  sample.keySets.follow([remote('km-1', server.url())]);
  await expect.poll(() => sample.fetches('ok')).toBe(1);
  sample.keySets.stop();
  sample.now += 2 * HOUR_MS;
  await sleep(1_200);
  expect(server.fetches).toBe(1);
});
