import { expect, onTestFinished, test } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import { eventually } from '../rig/eventually.ts';
import { type FaultProxy, startFaultProxy } from '../rig/fault-proxy.ts';
import { freePort } from '../rig/free-port.ts';
import { describeTimes } from '../rig/latency.ts';
import {
  type RedisServer,
  type RedisServerOptions,
  startRedis,
  startRedisCluster,
  startSentinels,
} from '../rig/redis-server.ts';
import { openWatchedStore, proofOf, type WatchedStore } from '../rig/shared-store.ts';

/** More than a connection lets be under way at once; what is beyond it must be turned away, not kept. */
const MAX_UNANSWERED = 256;
const SOON = () => Date.now() + 60_000;
/** Where it does not matter when a slow Redis counts as absent: a busy machine must not make one. */
const PATIENT = { commandTimeoutMs: 5_000 };

async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}
async function proxied(port: number): Promise<FaultProxy> {
  const proxy = await startFaultProxy(port);
  onTestFinished(() => proxy.stop());
  return proxy;
}
async function openInUse(settings: Partial<RedisSettings>): Promise<WatchedStore> {
  const watched = openWatchedStore({ commandTimeoutMs: 50, ...settings });
  await eventually('Redis is in use', () => watched.store.up());
  return watched;
}
/** Writes and reads back: Redis is of use again. */
const works = ({ store }: WatchedStore, key: string) =>
  eventually('a decision comes back from Redis', async () => {
    store.tokenDecisions.set(key, proofOf(key), SOON());
    return (await store.tokenDecisions.get(key))?.decision.kind === 'proved';
  });
/** Look-ups by many at once while a fault lasts: what they found, how long each took, and the most that was left unanswered. */
async function load(watched: WatchedStore, rounds = 20, perRound = 100) {
  const timesMs: number[] = [];
  let found = 0;
  let mostUnanswered = 0;
  const heapBefore = process.memoryUsage().heapUsed;
  for (let round = 0; round < rounds; round++) {
    await Promise.all(
      Array.from({ length: perRound }, async (_, n) => {
        const from = performance.now();
        if ((await watched.store.tokenDecisions.get(`k${n}`)) !== undefined) found++;
        timesMs.push(performance.now() - from);
        mostUnanswered = Math.max(mostUnanswered, watched.store.unanswered());
      }),
    );
    watched.store.tokenDecisions.set('written', proofOf('x'), SOON());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const heapMiB = (process.memoryUsage().heapUsed - heapBefore) / 1_048_576;
  console.log(`${describeTimes(timesMs)}, unanswered at most ${mostUnanswered}, heap ${heapMiB.toFixed(1)} MiB`);
  return { found, mostUnanswered };
}

test('refused at boot: it is there at once, finds nothing, and uses Redis when that comes', async () => {
  const port = await freePort();
  const watched = openWatchedStore({ url: `redis://127.0.0.1:${port}/0` });
  expect(await load(watched)).toEqual({ found: 0, mostUnanswered: 0 });
  await eventually('it is told why', () => watched.states.includes('econnrefused'));
  await redis({ port });
  const from = performance.now();
  await works(watched, 'k');
  console.log(`back ${(performance.now() - from).toFixed(0)} ms after its return`);
});

test('killed under load: misses at once, and used again after its return', async () => {
  const first = await redis();
  const watched = await openInUse({ url: first.url });
  await works(watched, 'k');
  await first.kill();
  const { found, mostUnanswered } = await load(watched);
  expect(found).toBe(0);
  expect(mostUnanswered).toBeLessThanOrEqual(MAX_UNANSWERED);
  expect(watched.store.up()).toBe(false);
  await redis({ port: first.port });
  const from = performance.now();
  await works(watched, 'k2');
  console.log(`back ${(performance.now() - from).toFixed(0)} ms after its return`);
});

test('a name that cannot be resolved is an absent Redis', async () => {
  const watched = openWatchedStore({ url: 'redis://redis.invalid:6379/0' });
  expect(await load(watched, 5)).toEqual({ found: 0, mostUnanswered: 0 });
  await eventually('it is told why', () => watched.states.some((why) => /^(enotfound|eai_again|timeout)$/.test(why)));
});

test('held (SIGSTOP): a few commands time out, then nobody waits, then it is used again', async () => {
  const server = await redis();
  const watched = await openInUse({ url: server.url });
  await works(watched, 'k');
  server.hold();
  onTestFinished(() => server.release());
  const { found, mostUnanswered } = await load(watched, 60);
  expect(found).toBe(0);
  expect(mostUnanswered).toBeLessThanOrEqual(MAX_UNANSWERED);
  expect(watched.states.at(-1)).toBe('timeout');
  expect(watched.count('absent')).toBeGreaterThan(watched.count('timeout'));
  server.release();
  const from = performance.now();
  await works(watched, 'k2');
  console.log(`back ${(performance.now() - from).toFixed(0)} ms after its return`);
});

test.each<[string, (proxy: FaultProxy) => void]>([
  ['a black hole', ({ faults }) => Object.assign(faults, { silent: true })],
  ['half-open: it hears and is not heard', ({ faults }) => Object.assign(faults, { halfOpen: true })],
  ['half a second late', ({ faults }) => Object.assign(faults, { latencyMs: 500 })],
  ['100 bytes a second', ({ faults }) => Object.assign(faults, { bytesPerSecond: 100 })],
  [
    'reset, and refusing new connections',
    (proxy) => {
      proxy.faults.refusing = true;
      proxy.reset();
    },
  ],
])('the network is %s: nothing is found, nothing piles up, and Redis is used again after it', async (_name, spoil) => {
  const server = await redis();
  const proxy = await proxied(server.port);
  const watched = await openInUse({ url: `redis://127.0.0.1:${proxy.port}/0` });
  await works(watched, 'k');
  const before = { ...proxy.faults };
  spoil(proxy);
  const { mostUnanswered } = await load(watched, 60);
  expect(mostUnanswered).toBeLessThanOrEqual(MAX_UNANSWERED);
  await eventually('Redis is not in use', () => !watched.store.up());
  Object.assign(proxy.faults, before);
  const from = performance.now();
  await works(watched, 'k2');
  console.log(`back ${(performance.now() - from).toFixed(0)} ms after the fault`);
});

test('a few lost bytes leave no connection behind that is always one answer late', async () => {
  const server = await redis();
  const proxy = await proxied(server.port);
  const watched = await openInUse({ url: `redis://127.0.0.1:${proxy.port}/0` });
  await works(watched, 'k');
  proxy.faults.silent = true;
  await Promise.all(['a', 'b', 'c', 'd'].map((key) => watched.store.tokenDecisions.get(key)));
  proxy.faults.silent = false;
  await works(watched, 'k2');
});

test('replies in slices of a byte are replies', async () => {
  const server = await redis();
  const proxy = await proxied(server.port);
  proxy.faults.sliceBytes = 1;
  await works(await openInUse({ ...PATIENT, url: `redis://127.0.0.1:${proxy.port}/0` }), 'k');
});

test('more look-ups at once than a connection takes are turned away', async () => {
  const server = await redis();
  const watched = await openInUse({ ...PATIENT, url: server.url });
  const { found, mostUnanswered } = await load(watched, 1, 2_000);
  expect({ found, mostUnanswered }).toEqual({ found: 0, mostUnanswered: expect.any(Number) });
  expect(mostUnanswered).toBeLessThanOrEqual(MAX_UNANSWERED + 1);
  expect(watched.count('busy')).toBeGreaterThan(0);
  await works(watched, 'k');
});

test('a read-only replica is read from, and its refusals to write are nobody’s trouble', async () => {
  const primary = await redis();
  const watchedPrimary = await openInUse({ ...PATIENT, url: primary.url });
  await works(watchedPrimary, 'k1');
  const replica = await redis({ config: [`replicaof 127.0.0.1 ${primary.port}`] });
  await eventually('the replica is in step', async () =>
    (await replica.cli('info', 'replication')).includes('master_link_status:up'),
  );
  const watched = await openInUse({ ...PATIENT, url: replica.url });
  watched.store.tokenDecisions.set('k2', proofOf('k2'), SOON());
  await eventually('the write is refused', () => watched.count('refused') > 0);
  await eventually('reads go on', async () => (await watched.store.tokenDecisions.get('k1')) !== undefined);
  expect(await watched.store.tokenDecisions.get('k2')).toBeUndefined();
});

test('a Redis that is still loading is absent, and used when it has loaded', async () => {
  const first = await redis();
  await first.cli('debug', 'populate', '20000', 'filler', '100');
  await first.cli('save');
  await first.kill();
  // Each key takes a pause of its own (in microseconds), so that loading lasts until it is told to get on.
  const slow = ['key-load-delay 20000', 'loading-process-events-interval-bytes 1024'];
  const second = await redis({ port: first.port, dump: first.dumpFile, config: slow, waits: false });
  const watched = openWatchedStore({ url: second.url });
  await eventually('it is loading', async () => (await second.cli('ping')).includes('LOADING'));
  expect(await load(watched, 5)).toMatchObject({ found: 0 });
  expect(await second.cli('ping')).toContain('LOADING');
  await second.cli('config', 'set', 'key-load-delay', '0');
  await works(watched, 'k');
});

test('a full Redis refuses writes, and is read from all the same', async () => {
  const server = await redis();
  const watched = await openInUse({ ...PATIENT, url: server.url });
  await works(watched, 'k1');
  await server.cli('config', 'set', 'maxmemory-policy', 'noeviction');
  await server.cli('config', 'set', 'maxmemory', '1');
  watched.store.tokenDecisions.set('k2', proofOf('k2'), SOON());
  await eventually('the write is refused', () => watched.count('refused') > 0);
  expect((await watched.store.tokenDecisions.get('k1'))?.decision.kind).toBe('proved');
  expect(await watched.store.tokenDecisions.get('k2')).toBeUndefined();
  expect(await watched.store.keySets.claimFetch('km', 'https://issuer.example/jwks', 5_000)).toBe(true);
  expect(watched.store.up()).toBe(true);
  await server.cli('config', 'set', 'maxmemory', '0');
  await works(watched, 'k3');
});

test('a node of a cluster that sends everybody elsewhere (MOVED) is a Redis that finds nothing', async () => {
  const node = await redis({ config: ['cluster-enabled yes', `cluster-port ${await freePort()}`] });
  await node.cli('cluster', 'addslotsrange', '0', '0');
  const watched = openWatchedStore({ url: node.url });
  expect(await load(watched, 5)).toMatchObject({ found: 0 });
  await eventually('its refusals are counted', async () => {
    await watched.store.tokenDecisions.get('k');
    return watched.count('refused') > 0;
  });
});

test('emptied (FLUSHALL): a miss, and filled again', async () => {
  const server = await redis();
  const watched = await openInUse({ ...PATIENT, url: server.url });
  await works(watched, 'k');
  await server.cli('flushall');
  expect(await watched.store.tokenDecisions.get('k')).toBeUndefined();
  expect(watched.count('token miss')).toBeGreaterThan(0);
  await works(watched, 'k');
});

test('Sentinels lead to the new primary after a failover', async () => {
  const { primary, sentinels, stop } = await startSentinels();
  onTestFinished(stop);
  const watched = await openInUse({ sentinels });
  await works(watched, 'k');
  await primary.kill();
  expect((await load(watched, 10)).found).toBe(0);
  const from = performance.now();
  await works(watched, 'k2');
  console.log(
    `back ${(performance.now() - from).toFixed(0)} ms after the old primary's end (500 ms until it counts as down)`,
  );
});

test('a Cluster whose nodes all went and came back is used again; with one of them gone the others go on', async () => {
  const { nodes, addresses, stop } = await startRedisCluster();
  onTestFinished(stop);
  const watched = await openInUse({ ...PATIENT, clusterNodes: addresses });
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await works(watched, key);
  const [first, ...others] = nodes;
  if (first === undefined) throw new Error('a cluster has nodes');
  await first.kill();
  let found = 0;
  for (const key of ['a', 'b', 'c', 'd', 'e', 'f'])
    if ((await watched.store.tokenDecisions.get(key)) !== undefined) found++;
  console.log(`${found} of 6 were found with one node of three gone`);
  for (const node of others) await node.kill();
  expect((await load(watched, 10)).found).toBe(0);
  const again = await Promise.all(nodes.map((node) => node.again()));
  onTestFinished(async () => void (await Promise.all(again.map((node) => node.stop()))));
  const from = performance.now();
  for (const key of ['u', 'v', 'w', 'x', 'y', 'z']) await works(watched, key);
  console.log(`back ${(performance.now() - from).toFixed(0)} ms after its return, its own election included`);
});
