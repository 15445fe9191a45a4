// Several JWKS URLs of one key manager: all their keys count, and each URL's trouble is its own.

import { expect, test } from 'vitest';
import { es256Key, jwks } from '../token-sample.ts';
import { HOUR_MS, KeySetSample, remote, type Stored, startKeyServer } from './key-set-sample.ts';

const first = es256Key('k1');
const second = es256Key('k2');

async function start(stored?: Stored) {
  const [one, two] = [await startKeyServer(jwks(first)), await startKeyServer(jwks(second))];
  return { one, two, sample: new KeySetSample(stored), settings: remote('km-1', one.url(), two.url(), one.url()) };
}

test('the keys of all of them count, for tokens with and without a kid, at one fetch each', async () => {
  const { one, two, sample, settings } = await start();
  expect(await sample.find('k1', settings)).toBe('k1');
  expect(await sample.find('k2', settings)).toBe('k2');
  expect(await sample.find(undefined, settings)).toBe('k1,k2');
  expect([sample.holds(first, settings), sample.holds(second, settings)]).toEqual([true, true]);
  expect([one.fetches, two.fetches]).toEqual([1, 1]);
});

test('one that fails keeps its last good keys and does not touch the other’s', async () => {
  const { one, two, sample, settings } = await start();
  await sample.find('k1', settings);
  one.status = 500;
  const third = es256Key('k3');
  two.body = jwks(third);
  sample.now += HOUR_MS;
  expect(await sample.find('k1', settings)).toBe('k1');
  await expect.poll(() => sample.fetches()).toBe(4);
  expect(await sample.find('k1', settings)).toBe('k1');
  expect(await sample.find('k3', settings)).toBe('k3');
  expect(sample.holds(second, settings)).toBe(false);
});

test('an unknown key is a fault while one of them was never reached, and a denial when both have spoken', async () => {
  const { two, sample, settings } = await start();
  two.status = 500;
  expect(await sample.find('k1', settings)).toBe('k1');
  expect(await sample.find('k2', settings)).toBe('key_set_refreshing');
  expect(await sample.find('k9', settings)).toBe('key_set_refreshing');
  two.status = 200;
  sample.now += 5_000;
  expect(await sample.find('k2', settings)).toBe('k2');
  sample.now += 5_000;
  expect(await sample.find('k9', settings)).toBe('key_not_found');
});

test('a key that moves from one to the other goes on counting', async () => {
  const { one, two, sample, settings } = await start();
  await sample.find('k1', settings);
  one.body = jwks(second);
  two.body = jwks(first);
  sample.now += HOUR_MS;
  await sample.find('k1', settings);
  await expect.poll(() => sample.fetches()).toBe(4);
  expect([await sample.find('k1', settings), await sample.find('k2', settings)]).toEqual(['k1', 'k2']);
});

test('the digest changes with any of them and is the same for the same keys', async () => {
  const { two, sample, settings } = await start();
  await sample.find('k1', settings);
  const digest = sample.keySets.digest(settings, sample.now);
  expect(sample.keySets.digest(settings, sample.now)).toBe(digest);
  two.body = jwks(second, es256Key('k3'));
  sample.now += HOUR_MS;
  await sample.find('k1', settings);
  await expect.poll(() => sample.fetches()).toBe(4);
  expect(sample.keySets.digest(settings, sample.now)).not.toBe(digest);
});
