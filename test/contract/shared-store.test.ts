import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { RedisSettings } from '../../src/cache/redis-settings.ts';
import type { TokenDecision } from '../../src/domain/token.ts';
import { eventually } from '../rig/eventually.ts';
import { startRedis, startRedisCluster } from '../rig/redis-server.ts';
import { openWatchedStore, proofOf, type WatchedStore } from '../rig/shared-store.ts';

interface StartedStore {
  readonly settings: Partial<RedisSettings>;
  readonly stop: () => Promise<unknown>;
}
/** The same behaviour of each, but that without a Redis nothing is ever found. */
const STORES: readonly [name: string, shares: boolean, start: () => Promise<StartedStore>][] = [
  ['no Redis', false, async () => ({ settings: {}, stop: async () => undefined })],
  [
    'Redis',
    true,
    async () => {
      const { url, stop } = await startRedis();
      return { settings: { url }, stop };
    },
  ],
  [
    'Redis Cluster',
    true,
    async () => {
      const { addresses, stop } = await startRedisCluster();
      return { settings: { clusterNodes: addresses }, stop };
    },
  ],
];

describe.each(STORES)('a shared store on %s', (_name, shares, start) => {
  let started: StartedStore;
  beforeAll(async () => {
    started = await start();
  });
  afterAll(() => started.stop());

  /** A store that is in use, where there is something to use. */
  const openStore = async (more: Parameters<typeof openWatchedStore>[1] = {}): Promise<WatchedStore> => {
    const watched = openWatchedStore(started.settings, more);
    if (shares) await eventually('Redis is in use', () => watched.store.up());
    return watched;
  };
  const kept = (value: TokenDecision | undefined) => (shares ? value : undefined);

  test('another of the fleet finds a decision, with its end, and only under its own key', async () => {
    const [a, b] = await Promise.all([openStore(), openStore()]);
    const decision = proofOf('client');
    const expiresAtMs = Date.now() + 60_000;
    a.store.tokenDecisions.set('k1', decision, expiresAtMs);
    const found = await eventually('the write is done', async () => {
      const got = await b.store.tokenDecisions.get('k1');
      return got ?? (shares ? undefined : { decision: undefined, expiresAtMs });
    });
    expect(found.decision).toEqual(kept(JSON.parse(JSON.stringify(decision)) as TokenDecision));
    expect(found.expiresAtMs).toBe(expiresAtMs);
    expect(await b.store.tokenDecisions.get('k2')).toBeUndefined();
  });

  test('a proof never outlives its token, and one that has run out is neither kept nor found', async () => {
    let now = Date.now();
    const { store } = await openStore({ clock: () => now });
    const endSeconds = Math.floor(now / 1000) + 30;
    store.tokenDecisions.set('ends', proofOf('client', endSeconds), now + 600_000);
    store.tokenDecisions.set('ended', proofOf('client', endSeconds - 60), now + 600_000);
    if (shares)
      await eventually('the write is done', async () => (await store.tokenDecisions.get('ends')) !== undefined);
    expect(await store.tokenDecisions.get('ended')).toBeUndefined();
    now = endSeconds * 1000;
    expect(await store.tokenDecisions.get('ends')).toBeUndefined();
  });

  test('a refusal is shared, that a key manager could not be asked is not', async () => {
    const { store } = await openStore();
    const end = Date.now() + 10_000;
    const refused: TokenDecision = { kind: 'refused', reason: 'token_inactive', evidence: { a: 'b' } } as never;
    store.tokenDecisions.set('fault', { kind: 'unavailable', reason: 'internal_error', evidence: {} }, end);
    store.tokenDecisions.set('refused', refused, end);
    if (shares)
      await eventually('the write is done', async () => (await store.tokenDecisions.get('refused')) !== undefined);
    expect((await store.tokenDecisions.get('refused'))?.decision).toEqual(kept(refused));
    expect(await store.tokenDecisions.get('fault')).toBeUndefined();
  });

  test('a decision too large to share is not shared', async () => {
    const { store } = await openStore();
    store.tokenDecisions.set('large', proofOf('x'.repeat(20_000)), Date.now() + 60_000);
    store.tokenDecisions.set('after', proofOf('x'), Date.now() + 60_000);
    if (shares)
      await eventually('the write is done', async () => (await store.tokenDecisions.get('after')) !== undefined);
    expect(await store.tokenDecisions.get('large')).toBeUndefined();
  });

  test('key sets belong to one key manager and one URL, and to the time of their fetch', async () => {
    let now = Date.now();
    const { store } = await openStore({ clock: () => now });
    const keySet = { url: 'https://issuer.example/jwks', jwks: '{"keys":[]}', fetchedAtMs: now - 1_000 };
    store.keySets.set('km-1', keySet);
    if (shares)
      await eventually('the write is done', async () => (await store.keySets.get('km-1', keySet.url)) !== undefined);
    expect(await store.keySets.get('km-1', keySet.url)).toEqual(shares ? keySet : undefined);
    expect(await store.keySets.get('km-2', keySet.url)).toBeUndefined();
    expect(await store.keySets.get('km-1', `${keySet.url}2`)).toBeUndefined();
    now += 86_400_000;
    expect(await store.keySets.get('km-1', keySet.url)).toBeUndefined();
  });

  test('a key manager is the same in all of the fleet though its ids differ', async () => {
    const [a, b] = await Promise.all([
      openStore({ fleetNames: { 'id-in-a': 'Keycloak' } }),
      openStore({ fleetNames: { 'id-in-b': 'Keycloak', 'id-in-a': 'Okta' } }),
    ]);
    const keySet = { url: 'https://issuer.example/named', jwks: '{"keys":[]}', fetchedAtMs: Date.now() };
    a.store.keySets.set('id-in-a', keySet);
    if (shares)
      await eventually(
        'the write is done',
        async () => (await a.store.keySets.get('id-in-a', keySet.url)) !== undefined,
      );
    expect(await b.store.keySets.get('id-in-b', keySet.url)).toEqual(shares ? keySet : undefined);
    expect(await b.store.keySets.get('id-in-a', keySet.url)).toBeUndefined();
  });

  test('one of the fleet is to fetch, and everybody where that cannot be told', async () => {
    const [a, b] = await Promise.all([openStore(), openStore()]);
    const url = 'https://issuer.example/claimed';
    const claims = await Promise.all([a, b, a, b].map(({ store }) => store.keySets.claimFetch('km-1', url, 60_000)));
    expect(claims.filter(Boolean)).toHaveLength(shares ? 1 : 4);
    expect(await a.store.keySets.claimFetch('km-2', url, 60_000)).toBe(true);
  });

  test('a claim ends with its time', async () => {
    const { store } = await openStore();
    const url = 'https://issuer.example/short';
    expect(await store.keySets.claimFetch('km-1', url, 50)).toBe(true);
    await eventually('the claim is over', () => store.keySets.claimFetch('km-1', url, 50));
  });

  test('entries of the stream come in order, to who reads from the start and to who waits', async () => {
    const [a, b] = await Promise.all([openStore(), openStore()]);
    // The stream is read over a connection of its own.
    if (shares)
      for (const { store } of [a, b])
        await eventually(
          'the stream can be read',
          async () => (await store.revocations.readFrom('-', 1)) !== undefined,
        );
    const waiting = b.store.revocations.waitAfter('0-0', 10);
    const first = await a.store.revocations.append('one');
    const second = await a.store.revocations.append('two');
    expect([first === undefined, second === undefined]).toEqual([!shares, !shares]);
    expect((await waiting)?.map(({ content }) => content?.text)).toEqual(
      shares ? expect.arrayContaining(['one']) : undefined,
    );
    const all = await a.store.revocations.readFrom('-', 10);
    expect(all?.map(({ id, content }) => [id, content?.text])).toEqual(
      shares
        ? [
            [first, 'one'],
            [second, 'two'],
          ]
        : undefined,
    );
    if (second === undefined) return;
    expect((await a.store.revocations.readFrom(second, 10))?.map(({ id }) => id)).toEqual([second]);
  });

  test('what another installation sealed is nothing, and counted', async () => {
    const [ours, theirs] = await Promise.all([openStore(), openStore({ secret: 'another installation' })]);
    theirs.store.tokenDecisions.set('foreign', proofOf('theirs'), Date.now() + 60_000);
    if (shares)
      await eventually(
        'theirs is written',
        async () => (await theirs.store.tokenDecisions.get('foreign')) !== undefined,
      );
    expect(await ours.store.tokenDecisions.get('foreign')).toBeUndefined();
    expect(ours.count('token sealed_mismatch')).toBe(shares ? 1 : 0);
  });
});
