import { randomBytes } from 'node:crypto';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { expect, onTestFinished, test } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import { eventually } from '../rig/eventually.ts';
import { type RedisServer, type RedisServerOptions, startRedis, startRedisCluster } from '../rig/redis-server.ts';
import { openWatchedStore, proofOf, type WatchedStore } from '../rig/shared-store.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

const SOON = () => Date.now() + 60_000;
const URL = 'https://issuer.example/jwks';

async function redis(options?: RedisServerOptions): Promise<RedisServer> {
  const server = await startRedis(options);
  onTestFinished(() => server.stop());
  return server;
}
/** Redis as an attacker has it who can write there. */
function intruder(server: RedisServer): Redis {
  const client = new Redis(server.port, '127.0.0.1');
  onTestFinished(() => client.disconnect());
  return client;
}
async function openInUse(
  settings: Partial<RedisSettings>,
  more: Parameters<typeof openWatchedStore>[1] = {},
): Promise<WatchedStore> {
  const watched = openWatchedStore(settings, more);
  await eventually('Redis is in use', () => watched.store.up());
  return watched;
}
const works = ({ store }: WatchedStore, key: string) =>
  eventually('a decision comes back from Redis', async () => {
    store.tokenDecisions.set(key, proofOf(key), SOON());
    return (await store.tokenDecisions.get(key))?.decision.kind === 'proved';
  });

function documentedRights(): string {
  const rights = /^user gatehouse on ><password> (.+)$/m.exec(readFileSync('docs/redis.md', 'utf8'))?.[1];
  if (rights === undefined) throw new Error('docs/redis.md has no line for the user');
  return rights;
}

test('whatever an intruder writes is a miss that is counted', async () => {
  const server = await redis();
  const redisClient = intruder(server);
  const watched = await openInUse({ url: server.url });
  const theirs = await openInUse({ url: server.url }, { secret: 'another installation' });
  await works(watched, 'mine');
  await works(theirs, 'theirs');
  const key = (name: string) => `gatehouse:1:token:${name}`;
  console.log(`a decision takes ${await redisClient.memory('USAGE', key('mine'))} bytes in Redis`);
  const [mine, foreign] = await Promise.all([redisClient.getBuffer(key('mine')), redisClient.getBuffer(key('theirs'))]);
  if (mine === null || foreign === null) throw new Error('the values are not where they should be');
  const flipped = Buffer.from(mine);
  flipped[mine.length >> 1] = (flipped[mine.length >> 1] ?? 0) ^ 1;
  const poison: Record<string, Buffer | string> = {
    'random bytes': randomBytes(500),
    'JSON that allows': JSON.stringify({ e: SOON(), v: proofOf('intruder') }),
    'copied from another key': mine,
    'of another installation': foreign,
    'cut short': mine.subarray(0, mine.length - 1),
    'one bit flipped': flipped,
    'one byte longer': Buffer.concat([mine, Buffer.from('x')]),
    'a single byte': 'x',
  };
  for (const [name, value] of Object.entries(poison)) {
    await redisClient.set(key(name), value);
    const before = watched.count('token sealed_mismatch');
    expect(await watched.store.tokenDecisions.get(name), name).toBeUndefined();
    expect(watched.count('token sealed_mismatch') - before, name).toBe(1);
  }
  await redisClient.rpush(key('a list'), 'x');
  expect(await watched.store.tokenDecisions.get('a list')).toBeUndefined();
  // A value of ours in its place works: the misses above are no accident.
  expect((await watched.store.tokenDecisions.get('mine'))?.decision.kind).toBe('proved');
  expect(watched.store.up()).toBe(true);
});

test('a decision does not serve as a key set, nor one key manager’s key set as another’s', async () => {
  const server = await redis();
  const redisClient = intruder(server);
  const { store, count } = await openInUse({ url: server.url });
  const keySet = { url: URL, jwks: '{"keys":[]}', fetchedAtMs: Date.now() };
  store.keySets.set('km-1', keySet);
  store.keySets.set('km-2', { ...keySet, jwks: '{"keys":[{}]}' });
  const keys = await eventually('both are written', async () => {
    const found = await redisClient.keys('gatehouse:1:key_set:*');
    return found.length === 2 && found;
  });
  const [first = '', second = ''] = keys;
  const [one, other] = await Promise.all([redisClient.getBuffer(first), redisClient.getBuffer(second)]);
  await redisClient.set(first, other ?? '');
  await redisClient.set(second, one ?? '');
  expect(await Promise.all(['km-1', 'km-2'].map((id) => store.keySets.get(id, URL)))).toEqual([undefined, undefined]);
  expect(count('key_set sealed_mismatch')).toBe(2);
});

test('a claim that an intruder wrote holds nobody back from fetching', async () => {
  const server = await redis();
  const redisClient = intruder(server);
  const { store } = await openInUse({ url: server.url });
  expect(await store.keySets.claimFetch('km-1', URL, 60_000)).toBe(true);
  expect(await store.keySets.claimFetch('km-1', URL, 60_000)).toBe(false);
  const [claim = ''] = await redisClient.keys('gatehouse:1:fetch_claim:*');
  await redisClient.set(claim, 'forever');
  expect(await store.keySets.claimFetch('km-1', URL, 60_000)).toBe(true);
});

test('of a value of 50 MB no more is read than one of ours could have', async () => {
  const server = await redis();
  const redisClient = intruder(server);
  const watched = await openInUse({ url: server.url });
  await redisClient.set('gatehouse:1:token:huge', Buffer.alloc(50 * 1_048_576, 0x61));
  const sentBytes = async () => Number(/total_net_output_bytes:(\d+)/.exec(await redisClient.info('stats'))?.[1]);
  const before = await sentBytes();
  expect(await watched.store.tokenDecisions.get('huge')).toBeUndefined();
  const readBytes = (await sentBytes()) - before;
  console.log(`read ${readBytes} bytes of it, statistics included`);
  expect(readBytes).toBeLessThan(100_000);
  expect(watched.count('token sealed_mismatch')).toBe(1);
});

test('what an old dump brings back counts no longer than it did', async () => {
  const server = await redis();
  const watched = await openInUse({ url: server.url });
  watched.store.tokenDecisions.set('short', proofOf('short'), SOON());
  watched.store.tokenDecisions.set('long', proofOf('long'), Date.now() + 300_000);
  await eventually('both are there', async () => (await watched.store.tokenDecisions.get('long')) !== undefined);
  // An intruder, or a replica with a clock that is behind, keeps it for ever.
  expect(await intruder(server).persist('gatehouse:1:token:short')).toBe(1);
  await server.cli('save');
  const dump = join(temporaryFolder(), 'old.rdb');
  copyFileSync(server.dumpFile, dump);
  await server.kill();
  const again = await redis({ port: server.port, dump });
  const later = await openInUse({ url: again.url }, { clock: () => Date.now() + 90_000 });
  expect(await later.store.tokenDecisions.get('short')).toBeUndefined();
  expect((await later.store.tokenDecisions.get('long'))?.decision.kind).toBe('proved');
});

test('a value from the future is none of ours', async () => {
  const server = await redis();
  const ahead = await openInUse({ url: server.url }, { clock: () => Date.now() + 3_600_000 });
  const watched = await openInUse({ url: server.url });
  ahead.store.tokenDecisions.set('k', proofOf('k', Math.floor(Date.now() / 1000) + 7_200), Date.now() + 7_200_000);
  await eventually('it is written', async () => (await ahead.store.tokenDecisions.get('k')) !== undefined);
  expect(await watched.store.tokenDecisions.get('k')).toBeUndefined();
  expect(watched.count('token sealed_mismatch')).toBe(1);
});

test('a user with no more rights than docs/redis.md gives, whose password changes while it runs', async () => {
  const rights = documentedRights();
  const server = await redis({
    users: ['user default off', 'user rig on >rig ~* &* +@all', `user gatehouse on >first ${rights}`],
    admin: { user: 'rig', password: 'rig' },
  });
  const passwordFile = join(temporaryFolder(), 'password');
  writeFileSync(passwordFile, 'first\n');
  const settings = { url: server.url, username: 'gatehouse', passwordFile };
  const watched = await openInUse(settings);
  await works(watched, 'k');
  expect(await watched.store.keySets.claimFetch('km', URL, 60_000)).toBe(true);
  expect(await watched.store.keySets.claimFetch('km', URL, 60_000)).toBe(false);
  const id = await eventually('the stream takes an entry', () => watched.store.revocations.append('entry'));
  const read = () => watched.store.revocations.readFrom(id, 1);
  expect((await eventually('it is read', read)).map(({ content }) => content?.text)).toEqual(['entry']);
  expect(await watched.store.revocations.waitAfter('0-0', 1)).toHaveLength(1);
  await watched.store.revocations.trimBefore(0);
  expect(watched.count('refused')).toBe(0);

  await server.cli('acl', 'setuser', 'gatehouse', 'resetpass', '>second');
  await server.cli('client', 'kill', 'user', 'gatehouse');
  await eventually('it is told why', () => watched.states.includes('WRONGPASS'));
  expect(await watched.store.tokenDecisions.get('k')).toBeUndefined();
  writeFileSync(passwordFile, 'second\n');
  await works(watched, 'k2');
  expect(watched.states.join()).not.toContain('first');
});

test('on a Cluster such a user needs one right more', async () => {
  const { nodes, addresses, stop } = await startRedisCluster();
  onTestFinished(stop);
  for (const { cli } of nodes)
    await cli('acl', 'setuser', 'gatehouse', 'on', '>secret', ...documentedRights().split(' '), '+cluster|slots');
  const passwordFile = join(temporaryFolder(), 'password');
  writeFileSync(passwordFile, 'secret');
  const watched = await openInUse({ clusterNodes: addresses, username: 'gatehouse', passwordFile });
  for (const key of ['k1', 'k2', 'k3', 'k4', 'k5']) await works(watched, key);
  const id = await eventually('the stream takes an entry', () => watched.store.revocations.append('entry'));
  await eventually('it is read', async () => (await watched.store.revocations.readFrom(id, 1))?.length === 1);
  expect(watched.count('refused')).toBe(0);
});
