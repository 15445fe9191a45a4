import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import type { Revocation } from '../../src/domain/revocation.ts';
import type { KeyManagerName } from '../../src/sync/revocations/feed-ports.ts';
import { eventually } from '../rig/eventually.ts';
import { type Installation, revocationSample, startInstallation } from '../rig/installation.ts';
import { type RedisServer, type RedisServerOptions, startRedis, startRedisCluster } from '../rig/redis-server.ts';
import { sealFor } from '../rig/shared-store.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

const STREAM = 'gatehouse:1:{revocation}:stream';

async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}
const inUse = (...all: readonly Installation[]) =>
  eventually('Redis is in use', () => all.every(({ watched }) => watched.store.up()));
const reaches = (installation: Installation, { id }: Revocation, state: 'revoked' | 'lifted' = 'revoked') =>
  eventually(`the revocation is ${state}`, () => installation.state(id) === state);

test('a revocation and its lift reach every process of the fleet', async () => {
  const { url } = await redis();
  const fleet = await Promise.all(Array.from({ length: 5 }, () => startInstallation({ redis: { url } })));
  const [origin, ...others] = fleet as [Installation, ...Installation[]];
  await inUse(...fleet);
  const first = await origin.revoke();
  for (const other of others) await reaches(other, first);
  const tookMs: number[] = [];
  for (let n = 0; n < 50; n++) {
    const from = performance.now();
    const revocation = await origin.revoke();
    await Promise.all(
      others.map(async (other) => {
        while (other.state(revocation.id) === undefined) await new Promise((resolve) => setImmediate(resolve));
        tookMs.push(performance.now() - from);
      }),
    );
  }
  tookMs.sort((a, b) => a - b);
  const [median = 0, largest = 0] = [tookMs[tookMs.length >> 1], tookMs.at(-1)];
  console.log(`50 revocations, 4 other processes: median ${median.toFixed(1)} ms, longest ${largest.toFixed(1)} ms`);
  const revocation = await origin.revoke();
  await origin.lift(revocation);
  for (const other of others) await reaches(other, revocation, 'lifted');
  expect(fleet.map(({ kept }) => kept().size)).toEqual([52, 52, 52, 52, 52]);
});

test('on a cluster too', async () => {
  const { addresses, stop } = await startRedisCluster();
  onTestFinished(stop);
  const [a, b] = await Promise.all([
    startInstallation({ redis: { clusterNodes: addresses } }),
    startInstallation({ redis: { clusterNodes: addresses } }),
  ]);
  await inUse(a, b);
  await reaches(b, await a.revoke());
});

test('who was away reads what was missed, restarted or not', async () => {
  const { url } = await redis();
  const [a, b] = await Promise.all([startInstallation({ redis: { url } }), startInstallation({ redis: { url } })]);
  await inUse(a, b);
  const before = await a.revoke();
  await reaches(b, before);
  await b.stop();
  const missed = await Promise.all(Array.from({ length: 300 }, () => a.revoke()));
  const again = await startInstallation({ redis: { url }, file: b.file });
  for (const revocation of missed) await reaches(again, revocation);
  const newcomer = await startInstallation({ redis: { url } });
  for (const revocation of [before, ...missed]) await reaches(newcomer, revocation);
});

test('what was revoked while Redis was away gets around as soon as it is back', async () => {
  const first = await redis();
  const [a, b] = await Promise.all([
    startInstallation({ redis: { url: first.url } }),
    startInstallation({ redis: { url: first.url } }),
  ]);
  await inUse(a, b);
  await first.kill();
  const [fromA, fromB] = [await a.revoke(), await b.revoke()];
  expect([a.state(fromA.id), b.state(fromB.id)]).toEqual(['revoked', 'revoked']);
  await redis({ port: first.port });
  await reaches(b, fromA);
  await reaches(a, fromB);
});

test('a stream that Redis lost is filled again by those who remember, for those who do not', async () => {
  const { url, cli } = await redis();
  const origin = await startInstallation({ redis: { url } });
  const other = await startInstallation({ redis: { url } });
  await inUse(origin, other);
  const revocation = await origin.revoke();
  const lifted = await origin.revoke();
  await origin.lift(lifted);
  await reaches(other, lifted, 'lifted');
  await reaches(other, revocation);
  // Its author is gone for good; another one remembers.
  await origin.stop();
  await cli('flushall');
  await eventually('the loss is noticed', () => (other.told.get('refilled') ?? 0) >= 2);
  const newcomer = await startInstallation({ redis: { url } });
  await reaches(newcomer, revocation);
  await reaches(newcomer, lifted, 'lifted');
});

test('a Redis back from an old dump takes nothing back, and learns what it forgot', async () => {
  const first = await redis();
  const a = await startInstallation({ redis: { url: first.url } });
  const b = await startInstallation({ redis: { url: first.url } });
  await inUse(a, b);
  const [old, liftedLater] = [await a.revoke(), await a.revoke()];
  await reaches(b, liftedLater);
  await first.cli('save');
  const dump = join(temporaryFolder(), 'old.rdb');
  copyFileSync(first.dumpFile, dump);
  const forgotten = await a.revoke();
  await a.lift(liftedLater);
  await reaches(b, liftedLater, 'lifted');
  await first.kill();
  await redis({ port: first.port, dump });
  await eventually('the change is noticed', () => (a.told.get('lost') ?? 0) + (b.told.get('lost') ?? 0) >= 1);
  const newcomer = await startInstallation({ redis: { url: first.url } });
  await reaches(newcomer, forgotten);
  await reaches(newcomer, liftedLater, 'lifted');
  await reaches(newcomer, old);
  expect([a, b].map(({ state }) => [state(liftedLater.id), state(forgotten.id), state(old.id)])).toEqual([
    ['lifted', 'revoked', 'revoked'],
    ['lifted', 'revoked', 'revoked'],
  ]);
});

test('foreign, copied, garbled and unreadable entries hold nothing up and change nothing', async () => {
  const { url, cli } = await redis();
  const a = await startInstallation({ redis: { url } });
  const b = await startInstallation({ redis: { url } });
  await inUse(a, b);
  const forged = JSON.stringify({ f: 1, r: [{ revocation: revocationSample(Date.now()), keyManager: null }] });
  const oursFor = (key: string, text: string) => sealFor('fleet', 'redis revocation 1').seal(key, text, Date.now());
  const poison = [
    ['v', 'not sealed'],
    ['v', forged],
    ['w', 'another field'],
    ['v', sealFor('another installation', 'redis revocation 1').seal(STREAM, forged, Date.now())],
    ['v', oursFor('gatehouse:1:{other}:stream', forged)],
    ['v', sealFor('fleet', 'redis token 1').seal(STREAM, forged, Date.now())],
    ['v', oursFor(STREAM, '{"f":99,"r":[]}')],
    ['v', oursFor(STREAM, 'no JSON')],
    ['v', oursFor(STREAM, '{"f":1,"r":[{"revocation":{"id":"x"}},7,null]}')],
  ];
  for (const fields of poison) {
    await cli('xadd', STREAM, '*', ...fields);
    await reaches(b, await a.revoke());
  }
  await cli('eval', "return redis.call('xadd', KEYS[1], '*', 'v', string.rep('x', 5000000))", '1', STREAM);
  await reaches(b, await a.revoke());
  expect(b.kept().size).toBe(poison.length + 1);
  expect(b.watched.count('revocation sealed_mismatch')).toBeGreaterThanOrEqual(7);
  expect(b.told.get('unreadable')).toBe(2);
});

test('an entry from long ago is not listened to, although it is one of ours', async () => {
  const { url, cli } = await redis();
  const old = { ...revocationSample(Date.now()), expiresAtMs: null };
  const text = JSON.stringify({ f: 1, r: [{ revocation: old, keyManager: null }] });
  const days = 86_400_000;
  await cli('xadd', STREAM, '*', 'v', sealFor('fleet', 'redis revocation 1').seal(STREAM, text, Date.now() - 3 * days));
  const a = await startInstallation({ redis: { url } });
  const b = await startInstallation({ redis: { url } });
  await reaches(b, await a.revoke());
  expect(b.state(old.id)).toBeUndefined();
});

test('replays and duplicates change nothing', async () => {
  const { url, cli } = await redis();
  const a = await startInstallation({ redis: { url } });
  const b = await startInstallation({ redis: { url } });
  await inUse(a, b);
  const revocation = await a.revoke();
  const sealed = await eventually('it is in the stream', async () => {
    const [entry] = JSON.parse(await cli('--json', 'xrange', STREAM, '-', '+')) as [string, [string, string]][];
    return entry?.[1][1];
  });
  await a.lift(revocation);
  await reaches(b, revocation, 'lifted');
  for (let n = 0; n < 10; n++) await cli('xadd', STREAM, '*', 'v', sealed);
  await reaches(b, await a.revoke());
  expect([a.state(revocation.id), b.state(revocation.id)]).toEqual(['lifted', 'lifted']);
  expect([a.kept().size, b.kept().size]).toEqual([2, 2]);
});

test('key managers are found by name where installations gave them other ids', async () => {
  const { url } = await redis();
  const named = (id: string): [string, KeyManagerName] => [id, { organization: 'carbon.super', name: 'Keycloak' }];
  const a = await startInstallation({ redis: { url }, keyManagers: new Map([named('id-in-a')]) });
  const b = await startInstallation({ redis: { url }, keyManagers: new Map([named('id-in-b')]) });
  const c = await startInstallation({ redis: { url } });
  await inUse(a, b, c);
  const ofOne = await a.revoke({ keyManagerId: 'id-in-a' });
  const whole = await a.revoke({ kind: 'key_manager', value: 'id-in-a', expiresAtMs: null });
  await reaches(b, ofOne);
  await reaches(b, whole);
  expect(b.kept().get(ofOne.id)?.keyManagerId).toBe('id-in-b');
  expect(b.kept().get(whole.id)).toMatchObject({ value: 'id-in-b', keyManagerId: null });

  await eventually('they wait for their key manager', () => c.told.get('waiting') === 2);
  c.keyManagers.set(...named('id-in-c'));
  await c.feed.settle();
  expect(c.kept().get(ofOne.id)?.keyManagerId).toBe('id-in-c');
  expect(c.kept().get(whole.id)?.value).toBe('id-in-c');
});

test('a change of key managers is through when what waited for it is saved, whoever saves it', async () => {
  const { url } = await redis();
  const named = (id: string): [string, KeyManagerName] => [id, { organization: 'carbon.super', name: 'Keycloak' }];
  const a = await startInstallation({ redis: { url }, keyManagers: new Map([named('id-in-a')]) });
  const b = await startInstallation({ redis: { url } });
  await inUse(a, b);
  const { id } = await a.revoke({ keyManagerId: 'id-in-a' });
  await eventually('it waits for its key manager', () => b.told.get('waiting') === 1);
  const gate = Promise.withResolvers<void>();
  b.fault.writesAfter = gate.promise;
  b.keyManagers.set(...named('id-in-b'));
  const other = b.feed.settle();
  let isThrough = false;
  const settled = b.feed.settle().then(() => {
    isThrough = true;
  });
  await turn();
  expect(isThrough).toBe(false);
  gate.resolve();
  await settled;
  expect(b.kept().get(id)?.keyManagerId).toBe('id-in-b');
  await other;
});

test('a catalog that takes no writes for a while gets them later, in full', async () => {
  const { url } = await redis();
  const a = await startInstallation({ redis: { url } });
  const b = await startInstallation({ redis: { url } });
  await inUse(a, b);
  b.fault.refusesWrites = true;
  const revocations = await Promise.all([1, 2, 3].map(() => a.revoke()));
  await eventually('they wait', () => b.told.get('waiting') === 3);
  b.fault.refusesWrites = false;
  for (const revocation of revocations) await reaches(b, revocation);
});

test('what has run out is not spread any more', async () => {
  const { url } = await redis();
  let now = Date.now();
  const a = await startInstallation({ redis: { url }, clock: () => now });
  await inUse(a);
  const short = await a.revoke({ expiresAtMs: now + 1_000 });
  const long = await a.revoke();
  now += 2_000;
  const b = await startInstallation({ redis: { url }, clock: () => now });
  await reaches(b, long);
  expect(b.state(short.id)).toBeUndefined();
});

test('a revocation that cannot travel holds up none of the others', async () => {
  const { url } = await redis();
  const a = await startInstallation({ redis: { url } });
  const b = await startInstallation({ redis: { url } });
  await inUse(a, b);
  const endless = await a.revoke({ value: 'x'.repeat(100_000) });
  await reaches(b, await a.revoke());
  expect([a.state(endless.id), b.state(endless.id)]).toEqual(['revoked', undefined]);
});

test('twenty thousand revocations get around, by and by', async () => {
  const { url } = await redis();
  const a = await startInstallation({ redis: { url } });
  await inUse(a);
  const many = Array.from({ length: 20_000 }, () => revocationSample(Date.now()));
  const delay = monitorEventLoopDelay({ resolution: 5 });
  delay.enable();
  const from = performance.now();
  await a.save(many);
  const b = await startInstallation({ redis: { url } });
  await eventually('all are there', () => b.count() === many.length, 110_000);
  delay.disable();
  console.log(
    `${(performance.now() - from).toFixed(0)} ms; the event loop, which both share, was held up for ${(delay.max / 1e6).toFixed(0)} ms at most`,
  );
  expect(b.kept().size).toBe(many.length);
});
