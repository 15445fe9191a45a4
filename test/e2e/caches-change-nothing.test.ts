// Random tokens, requests and changes, decided by two real processes at once: one with all caches and Redis, one that remembers as
// little as settings allow. Their decisions are equal.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type SeededRandom, seededRandom } from '../rig/seeded-random.ts';
import { makeSigningKey } from '../rig/signing-key.ts';
import { tally } from './checks.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';
import { introspectingDto } from './introspecting-key-manager.ts';
import { keyManagerDto } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const STEPS = 600;
const SEED = 20_261_128;

let fleet: Fleet;
let caching: Member;
let forgetful: Member;
beforeAll(async () => {
  fleet = await startFleet();
  caching = await fleet.join('caching');
  forgetful = await fleet.join('forgetful', {
    cache: { redis: { url: null } },
    tokens: { cacheTtlSeconds: 1, refusalTtlSeconds: 1, cacheBytes: 65_536, refusalCacheBytes: 65_536 },
    introspection: { ttlSeconds: 0, refusalTtlSeconds: 0 },
  });
});
afterAll(async () => {
  await fleet?.stop();
});

/** Tokens of every kind; few, so that each comes again. */
function somePool(random: SeededRandom): string[] {
  const { jwts, opaque } = fleet;
  const forged = makeSigningKey('RS256', jwts.keys[0]?.kid);
  const now = Math.floor(Date.now() / 1000);
  return Array.from({ length: 40 }, (_, at) =>
    random.pick([
      () => jwts.mint({ azp: `client-${at % 5}`, sub: `user-${at % 3}` }),
      () => jwts.mint({ azp: `client-${at % 5}`, scope: 'read write' }),
      () => jwts.mint({ azp: 'x' }, { key: forged }),
      () => jwts.mint({ azp: 'x', exp: now - 1000 }),
      () => jwts.mint({ azp: 'x', nbf: now + 1000 }),
      () => jwts.mint({ azp: 'x', iss: 'https://nobody.example' }),
      () => jwts.mint({ azp: 'x', iss: 'https://second.example' }),
      () => jwts.mint({ azp: 'x', nonce: 'n', at_hash: 'h' }),
      () => opaque.issue({ client_id: `client-${at % 5}` }),
      () => opaque.issue({ exp: now - 10 }),
      () => `op${at}nobody`,
      () => `zz${at}`,
    ])(),
  );
}

test(`${STEPS} random steps: with caches and without the decision is the same`, async () => {
  const random = seededRandom(SEED);
  const pool = somePool(random);
  const ids = new Map<string, string>();
  const lifts: [one: string, other: string][] = [];
  const both = async (method: string, path: (member: Member) => string, body?: unknown) => {
    const replies = await Promise.all([caching, forgetful].map((member) => member.admin(method, path(member), body)));
    expect(replies[0]?.status, `${method}: ${JSON.stringify(replies.map((reply) => reply.body))}`).toBe(
      replies[1]?.status,
    );
    return replies.map(({ body: made }) => (made as { id?: string } | undefined)?.id ?? '') as [string, string];
  };
  const idIn = async (member: Member, name: string) => {
    const { list } = (await member.admin('GET', KEY_MANAGERS)).body as { list: { id: string; name: string }[] };
    return list.find((listed) => listed.name === name)?.id ?? 'nobody';
  };
  const put = async (name: string, dto: object) => {
    const paths = new Map<Member, string>();
    for (const member of [caching, forgetful]) paths.set(member, `${KEY_MANAGERS}/${await idIn(member, name)}`);
    await both('PUT', (member) => paths.get(member) ?? '', dto);
  };
  const second = { ...keyManagerDto('Second', fleet.jwts), issuer: 'https://second.example' };
  const changes: readonly (() => Promise<unknown>)[] = [
    async () => {
      if (ids.has('Second')) return;
      ids.set('Second', 'made');
      await both('POST', () => KEY_MANAGERS, second);
    },
    async () => {
      if (!ids.delete('Second')) return;
      const paths = new Map<Member, string>();
      for (const member of [caching, forgetful]) paths.set(member, `${KEY_MANAGERS}/${await idIn(member, 'Second')}`);
      await both('DELETE', (member) => `${paths.get(member)}?force=true`);
    },
    () => put('JwtKM', { ...keyManagerDto('JwtKM', fleet.jwts), enabled: random.below(2) === 0 }),
    () => put('JwtKM', keyManagerDto('JwtKM', fleet.jwts)),
    () => put('JwtKM', { ...keyManagerDto('JwtKM', fleet.jwts), scopesClaim: random.pick(['scope', 'scp']) }),
    () => put('OpaqueKM', introspectingDto('OpaqueKM', fleet.opaque, random.pick(['op', 'zz']))),
    () => put('OpaqueKM', introspectingDto('OpaqueKM', fleet.opaque, 'op')),
    async () => {
      const entry = random.pick([
        { kind: 'token', token: random.pick(pool) },
        { kind: 'consumer_key', value: `client-${random.below(5)}` },
        { kind: 'subject', value: `user-${random.below(3)}` },
      ]);
      lifts.push(await both('POST', () => '/revocations', entry));
    },
    async () => {
      const [one, other] = lifts.splice(random.below(Math.max(1, lifts.length)), 1)[0] ?? [];
      if (one !== undefined) await both('DELETE', (member) => `/revocations/${member === caching ? one : other}`);
    },
  ];
  const outcomes: string[] = [];
  const differences: string[] = [];
  for (let step = 0; step < STEPS; step++) {
    if (random.below(6) === 0) await random.pick(changes)();
    const token = random.pick(pool);
    const [one, other] = await Promise.all([caching.outcome(token), forgetful.outcome(token)]);
    outcomes.push(one);
    if (one !== other) differences.push(`step ${step}: ${one} with caches, ${other} without`);
  }
  console.log(`${STEPS} random steps (seed ${SEED}):`, tally(outcomes), `differences ${differences.length}`);
  expect(differences).toEqual([]);
  expect(Object.keys(tally(outcomes)).length).toBeGreaterThan(6);
});
