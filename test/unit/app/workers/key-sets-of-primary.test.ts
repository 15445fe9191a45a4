// Key sets of several processes of which one fetches for all: over a real server, with the channel between them as plain calls.

import { expect, test } from 'vitest';
import { KeySetsOfPrimary } from '../../../../src/app/workers/key-sets-of-primary.ts';
import type { FromWorker } from '../../../../src/app/workers/worker-message.ts';
import type { StoredKeySet } from '../../../../src/authorize/ports.ts';
import { HOUR_MS, KeySetSample, remote, type Stored, startKeyServer } from '../../tokens/key-sets/key-set-sample.ts';
import { es256Key, jwks } from '../../tokens/token-sample.ts';

const first = es256Key('k1');
const second = es256Key('k2');

/** A primary and workers over one store; all clocks are the primary's. */
async function house(workers: number) {
  const server = await startKeyServer(jwks(first));
  const keyManager = remote('km-1', server.url());
  const stored: Stored = new Map();
  const listeners: ((id: string, keySet: StoredKeySet) => void)[] = [];
  const primary: KeySetSample = new KeySetSample(stored, {
    store: {
      load: (id, url) => stored.get(`${id} ${url}`),
      save: (id, keySet) => {
        stored.set(`${id} ${keySet.url}`, keySet);
        for (const tell of listeners) tell(id, keySet);
      },
    },
  });
  const join = () => {
    const clock = () => primary.now;
    const fetched: KeySetsOfPrimary = new KeySetsOfPrimary({
      load: (id, url) => stored.get(`${id} ${url}`),
      send: ({ header, id, url }: FromWorker & { kind: 'want_keys' }) => {
        void primary.keySets.bring(keyManager, url, header).then((brought) => fetched.settle(id, brought));
      },
      fetchTimeoutMs: 20_000,
      clock,
    });
    const worker = new KeySetSample(stored, { store: fetched.store, obtain: fetched.obtain, clock });
    listeners.push((id, keySet) => {
      fetched.receive(id, keySet);
      worker.keySets.renew(id, keySet.url);
    });
    return {
      find: (kid: string) => {
        worker.now = primary.now;
        return worker.find(kid, keyManager);
      },
      holds: (key: typeof first) => {
        worker.now = primary.now;
        return worker.holds(key, keyManager);
      },
    };
  };
  return { server, keyManager, primary, join, workers: Array.from({ length: workers }, join) };
}

test('one fetch serves all workers, and one that comes later finds the set in the store', async () => {
  const { join, server, workers } = await house(3);
  expect(await Promise.all(workers.map((worker) => worker.find('k1')))).toEqual(['k1', 'k1', 'k1']);
  expect(server.fetches).toBe(1);
  expect(await join().find('k1')).toBe('k1');
  expect(server.fetches).toBe(1);
});

test('a key that is new is found by whoever asks first, and by the others without asking', async () => {
  const { primary, server, workers } = await house(2);
  await Promise.all(workers.map((worker) => worker.find('k1')));
  server.body = jwks(first, second);
  primary.now += 6_000;
  expect(await workers[0]?.find('k2')).toBe('k2');
  expect(await workers[1]?.find('k2')).toBe('k2');
  expect(server.fetches).toBe(2);
});

test('a key that is nowhere is denied after a fetch that settles it, and a flood at all workers costs one fetch in a cool-down', async () => {
  const { primary, server, workers } = await house(4);
  await Promise.all(workers.map((worker) => worker.find('k1')));
  primary.now += 6_000;
  expect(await workers[0]?.find('nowhere')).toBe('key_not_found');
  const found = await Promise.all(
    workers.flatMap((worker) => Array.from({ length: 125 }, (_, n) => worker.find(`random-${n}`))),
  );
  expect(new Set(found)).toEqual(new Set(['key_set_refreshing']));
  expect(server.fetches).toBe(2);
});

test('a key that its server withdrew counts at no worker once the primary has refreshed', async () => {
  const { keyManager, primary, server, workers } = await house(2);
  server.body = jwks(first, second);
  await Promise.all(workers.map((worker) => worker.find('k2')));
  server.body = jwks(first);
  primary.now += HOUR_MS;
  primary.keySets.follow([keyManager]);
  await expect.poll(() => server.fetches).toBe(2);
  await expect.poll(() => workers.map((worker) => worker.holds(second))).toEqual([false, false]);
  expect(workers.map((worker) => worker.holds(first))).toEqual([true, true]);
});

test('a set fetched by a clock that was set back counts all the same', async () => {
  const { primary, server, workers } = await house(1);
  await workers[0]?.find('k1');
  server.body = jwks(second);
  primary.now -= HOUR_MS / 2;
  expect(await workers[0]?.find('k2')).toBe('k2');
  expect(workers[0]?.holds(first)).toBe(false);
});

test('while the server is down the set counts at all workers, for one try in a pause; when it is back its new keys do', async () => {
  const { primary, server, workers } = await house(2);
  await Promise.all(workers.map((worker) => worker.find('k1')));
  server.status = 503;
  primary.now += 3 * HOUR_MS;
  for (let again = 0; again < 3; again++)
    expect(await Promise.all(workers.map((worker) => worker.find('k1')))).toEqual(['k1', 'k1']);
  expect(server.fetches).toBe(2);
  server.status = 200;
  server.body = jwks(first, second);
  primary.now += 16_000;
  expect(await workers[1]?.find('k2')).toBe('k2');
  expect(await workers[0]?.find('k2')).toBe('k2');
  expect(server.fetches).toBe(3);
});

test('a primary that is silent is a fault in time, and no denial', async () => {
  const asked: FromWorker[] = [];
  const fetched = new KeySetsOfPrimary({
    load: () => undefined,
    send: (message) => asked.push(message),
    fetchTimeoutMs: 50,
    clock: Date.now,
  });
  const worker = new KeySetSample(new Map(), { store: fetched.store, obtain: fetched.obtain });
  expect(await worker.find('k1', remote('km-1', 'https://km.example/jwks'))).toBe('key_set_unavailable');
  expect(asked).toMatchObject([{ kind: 'want_keys', keyManagerId: 'km-1', header: { kid: 'k1' } }]);
});
