// Redis in every bad way, seen through decisions: they stay right, none waits for it, and it is used again when it is back. What the
// decisions took is printed.

import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import type { Faults } from '../rig/fault-proxy.ts';
import { makeSigningKey } from '../rig/signing-key.ts';
import { tally } from './checks.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';

const ROUNDS = 60;
const TTL_SECONDS = 2;

let fleet: Fleet;
let member: Member;
const WELL: Faults = {
  ...{ silent: false, halfOpen: false, refusing: false, oneFlight: false },
  ...{ latencyMs: 0, sliceBytes: 0, bytesPerSecond: 0, mostBytes: 0 },
};
const figures: Record<string, object> = {};
beforeAll(async () => {
  fleet = await startFleet({
    introspection: { ttlSeconds: TTL_SECONDS, refusalTtlSeconds: 1 },
    // New tokens all the time, as fast as they are decided: a limit of the key manager is not what is asked about here.
    keyManagers: { limits: { ratePerSecond: 100_000, burst: 100_000 } },
  });
  member = await fleet.join('one');
});
// A failed test must not break the ones after it.
afterEach(() => {
  fleet.redis().release();
  Object.assign(fleet.proxy.faults, WELL);
});
afterAll(async () => {
  console.table(figures);
  await fleet?.stop();
});

const forgedKey = makeSigningKey();
/** Tokens with the outcome that is right; new ones each time, so that Redis would be asked. */
function cases(): readonly (readonly [token: string, right: string])[] {
  const kid = fleet.jwts.keys[0]?.kid ?? '';
  const now = Math.floor(Date.now() / 1000);
  return [
    [fleet.jwts.mint({ azp: 'shop' }), 'allow'],
    [fleet.opaque.issue(), 'allow'],
    [`op${randomBytes(8).toString('hex')}`, 'token_inactive'],
    [fleet.jwts.mint({ azp: 'shop' }, { key: { ...forgedKey, kid } }), 'signature_invalid'],
    [fleet.jwts.mint({ azp: 'shop', iat: now - 7200, exp: now - 3600 }), 'token_expired'],
    [fleet.jwts.mint({ azp: 'shop', iss: 'https://nobody.example' }), 'issuer_unknown'],
  ];
}

/** Decisions while something is wrong, each token twice. */
async function decide(what: string): Promise<void> {
  const wrong: string[] = [];
  const times: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [token, right] of cases())
      for (let at = 0; at < 2; at++) {
        const startedAt = performance.now();
        const outcome = await member.outcome(token);
        times.push(performance.now() - startedAt);
        if (outcome !== right) wrong.push(`${outcome} for ${right}`);
      }
  }
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round((sorted[Math.floor(share * (sorted.length - 1))] ?? 0) * 100) / 100;
  figures[what] = { decisions: times.length, wrong: wrong.length, 'p50 ms': at(0.5), 'p99 ms': at(0.99) };
  expect(tally(wrong), what).toEqual({});
}

const commands = async () =>
  Number(/total_commands_processed:(\d+)/.exec(await fleet.redis().cli('info', 'stats'))?.[1] ?? 0);

/** Commands of decisions reach Redis again. */
async function usedAgain(what: string): Promise<void> {
  const backAt = performance.now();
  await eventually('Redis to be used again', async () => {
    const before = await commands();
    await member.outcome(fleet.opaque.issue());
    return (await commands()) > before + 1;
  });
  figures[what] = { ...figures[what], 'used again after ms': Math.round(performance.now() - backAt) };
}

test('Redis as it should be', async () => {
  await decide('well');
  await usedAgain('well');
});

test.each([
  ['silent', { silent: true }],
  ['half open', { halfOpen: true }],
  ['500 ms late', { latencyMs: 500 }],
  ['in slices of 3 bytes', { sliceBytes: 3 }],
  ['narrow', { bytesPerSecond: 200 }],
])('connections are %s', async (what, broken) => {
  Object.assign(fleet.proxy.faults, broken);
  await decide(what);
  Object.assign(fleet.proxy.faults, WELL);
  await usedAgain(what);
});

test('connections are reset and refused', async () => {
  fleet.proxy.faults.refusing = true;
  fleet.proxy.reset();
  await decide('refused');
  fleet.proxy.faults.refusing = false;
  await usedAgain('refused');
});

test('held, then killed, then started anew', async () => {
  fleet.redis().hold();
  await decide('held');
  fleet.redis().release();
  await usedAgain('held');
  await fleet.redis().kill();
  await decide('killed');
  await fleet.restartRedis();
  await usedAgain('killed');
});

test('flushed again and again', async () => {
  const flushing = new AbortController();
  const flushes = (async () => {
    while (!flushing.signal.aborted) {
      await fleet.redis().cli('flushall');
      await sleep(50);
    }
  })();
  await decide('flushed');
  flushing.abort();
  await flushes;
});

test.each([
  ['read only', ['config', 'set', 'min-replicas-to-write', '3'], ['config', 'set', 'min-replicas-to-write', '0']],
  ['out of memory', ['config', 'set', 'maxmemory', '1'], ['config', 'set', 'maxmemory', '0']],
])('%s: writes fail, reads do not', async (what, breaks, mends) => {
  await fleet.redis().cli(...breaks);
  await decide(what);
  await fleet.redis().cli(...mends);
});

test('poisoned: random bytes, JSON that allows, values under one another’s keys and 8 MB are misses', async () => {
  const good = fleet.opaque.issue();
  const bad = `op${randomBytes(8).toString('hex')}`;
  const redis = fleet.redis();
  // Written behind the answers, and only for as long as they hold.
  const texts = await eventually('what was found out to be in Redis', async () => {
    expect([await member.outcome(good), await member.outcome(bad)]).toEqual(['allow', 'token_inactive']);
    const keys = (await redis.cli('--scan')).split('\n').filter(Boolean);
    const kinds = await Promise.all(keys.map((key) => redis.cli('type', key)));
    const found = keys.filter((_, at) => kinds[at] === 'string');
    return found.length > 1 && found;
  });
  const poisons = [
    randomBytes(200).toString('latin1').replaceAll('\0', 'x'),
    JSON.stringify({ kind: 'proved', facts: { consumerKey: 'shop', scopes: ['read'], expiresAt: 4e9 } }),
  ];
  for (const [at, key] of texts.entries()) {
    if (at % 3 === 2) await redis.cli('copy', texts[(at + 1) % texts.length] ?? '', key, 'replace');
    else await redis.cli('set', key, poisons[at % 3] ?? '');
  }
  await redis.cli('eval', "redis.call('setrange', KEYS[1], 8388608, 'x')", '1', texts[0] ?? '');
  // A process that remembers nothing has only Redis to be fooled by.
  member = await member.restart();
  expect([await member.outcome(good), await member.outcome(bad)]).toEqual(['allow', 'token_inactive']);
  await decide('poisoned');
  await redis.cli('flushall');
});

test('another installation’s values are no use: the same Redis, another sealing key', async () => {
  const token = fleet.opaque.issue();
  expect(await member.outcome(token)).toBe('allow');
  const asked = fleet.opaque.asked(token);
  const file = join(fleet.folder, 'another-sealing-key');
  writeFileSync(file, randomBytes(32).toString('base64'), { mode: 0o600 });
  const stranger = await fleet.join('stranger', { sealing: { keys: [{ id: 'fleet', file }] } });
  expect(await stranger.outcome(token)).toBe('allow');
  expect(fleet.opaque.asked(token)).toBe(asked + 1);
  await stranger.stop();
});

test('a Redis is shared and no sealing key is given: no start, with the fix in a sentence', async () => {
  await expect(fleet.join('keyless', { sealing: { keys: [] } })).rejects.toThrow(/sealing\.keys.*openssl rand/s);
});

test('restarted on an old dump: what it brings back is not believed beyond its time', async () => {
  const token = fleet.opaque.issue();
  expect(await member.outcome(token)).toBe('allow');
  await fleet.redis().cli('save');
  const dump = fleet.redis().dumpFile;
  fleet.opaque.revoke(token);
  await eventually('the revoked token to be refused', async () => (await member.outcome(token)) === 'token_inactive');
  await fleet.redis().kill();
  await fleet.restartRedis(dump);
  member = await member.restart();
  const outcomes: string[] = [];
  for (let at = 0; at < 20; at++) outcomes.push(await member.outcome(token));
  expect(tally(outcomes)).toEqual({ token_inactive: 20 });
});

test('what one has found out serves another: a fleet asks once', async () => {
  const second = await fleet.join('second');
  await eventually('both to use Redis, and one question for two', async () => {
    const token = fleet.opaque.issue();
    expect([await member.outcome(token), await second.outcome(token)]).toEqual(['allow', 'allow']);
    return fleet.opaque.asked(token) === 1;
  });
  await second.stop();
});

test('Redis and all key managers gone at the start: decided as before; of opaque tokens nothing can be told', async () => {
  const known = fleet.jwts.mint({ azp: 'shop' });
  const opaque = fleet.opaque.issue();
  expect([await member.outcome(known), await member.outcome(opaque)]).toEqual(['allow', 'allow']);
  await fleet.redis().kill();
  await fleet.jwts.close();
  await fleet.opaque.close();
  member = await member.restart();
  expect(await member.outcome(known)).toBe('allow');
  expect(await member.outcome(fleet.jwts.mint({ azp: 'unseen' }))).toBe('allow');
  expect(await member.outcome(fleet.jwts.mint({ azp: 'shop', iss: 'https://nobody.example' }))).toBe('issuer_unknown');
  const kid = fleet.jwts.keys[0]?.kid ?? '';
  expect(await member.outcome(fleet.jwts.mint({ azp: 'x' }, { key: { ...forgedKey, kid } }))).toBe('signature_invalid');
  expect(await member.outcome(opaque)).toBe('introspection_unavailable');
  await fleet.restartRedis();
});
