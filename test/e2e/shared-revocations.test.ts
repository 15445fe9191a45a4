// A revocation taken by one of two Gatehouses that share a Redis: in force there at once and at the other in milliseconds; kept through
// a Redis that stops, forgets or comes back, and through processes that are killed.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type Fleet, type Member, startFleet } from './fleet.ts';

const ROUNDS = 40;
const STREAM = 'gatehouse:1:{revocation}:stream';

let fleet: Fleet;
let one: Member;
let other: Member;
beforeAll(async () => {
  fleet = await startFleet();
  one = await fleet.join('one');
  other = await fleet.join('other');
});
afterAll(async () => {
  await fleet?.stop();
});

let minted = 0;
const newToken = () => fleet.jwts.mint({ azp: `client-${minted++}` });
const claimsOf = (token: string) =>
  JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
const entryOf = (token: string) => ({ kind: 'jti', value: String(claimsOf(token)['jti']) });

async function revoke(at: Member, entry: object): Promise<string> {
  const reply = await at.admin('POST', '/revocations', entry);
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return (reply.body as { id: string }).id;
}

const refusedAt = (member: Member, token: string) =>
  eventually('the revocation to arrive', async () => (await member.outcome(token)) === 'token_revoked');

/** Asks without a pause at first, so that the time can be told. */
async function refusedSoonAt(member: Member, token: string): Promise<void> {
  for (let at = 0; at < 200; at++) if ((await member.outcome(token)) === 'token_revoked') return;
  await refusedAt(member, token);
}

function summary(times: readonly number[]): string {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (share: number) => Math.round(sorted[Math.floor(share * (sorted.length - 1))] ?? 0);
  return `p50 ${at(0.5)} ms, p90 ${at(0.9)} ms, longest ${at(1)} ms of ${times.length}`;
}

test('POST /revocations at one: the next request there is refused, and the other follows', async () => {
  const times: number[] = [];
  const local: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const token = newToken();
    expect([await one.outcome(token), await other.outcome(token)]).toEqual(['allow', 'allow']);
    await revoke(one, entryOf(token));
    const revokedAt = performance.now();
    local.push(await one.outcome(token));
    await refusedSoonAt(other, token);
    times.push(performance.now() - revokedAt);
  }
  console.log(`a revocation reached the other Gatehouse after ${summary(times)}`);
  expect(new Set(local)).toEqual(new Set(['token_revoked']));
});

test('WSO2’s notify, as a key manager sends it with Basic, at one: the other follows', async () => {
  const times: number[] = [];
  for (let round = 0; round < 10; round++) {
    const token = newToken();
    expect([await one.outcome(token), await other.outcome(token)]).toEqual(['allow', 'allow']);
    const { jti, exp } = claimsOf(token);
    const basic = Buffer.from(`first:${one.gatehouse.adminToken}`).toString('base64');
    const reply = await fetch(`${one.gatehouse.adminUrl}/internal/data/v1/notify`, {
      method: 'POST',
      headers: {
        authorization: `Basic ${basic}`,
        'content-type': 'application/json',
        'x-wso2-key-manager': 'CustomKeyManager',
      },
      body: JSON.stringify({
        ...{ type: 'token_revocation', accessToken: jti, expiryTime: Number(exp) * 1000, tokenType: 'JWT' },
        ...{ eventId: `event-${round}`, tenantId: -1234, tenantDomain: 'carbon.super' },
      }),
    });
    expect(reply.status).toBe(200);
    const revokedAt = performance.now();
    expect(await one.outcome(token)).toBe('token_revoked');
    await refusedSoonAt(other, token);
    times.push(performance.now() - revokedAt);
  }
  console.log(`a notification reached the other Gatehouse after ${summary(times)}`);
});

test('what is lifted at one passes at the other again', async () => {
  const token = newToken();
  const id = await revoke(one, entryOf(token));
  await refusedAt(other, token);
  expect((await one.admin('DELETE', `/revocations/${id}`)).status).toBe(200);
  expect(await one.outcome(token)).toBe('allow');
  await eventually('the lifting to arrive', async () => (await other.outcome(token)) === 'allow');
});

test('both ways at once: each has what the other took', async () => {
  const tokens = Array.from({ length: 40 }, newToken);
  await Promise.all(tokens.map((token, at) => revoke(at % 2 === 0 ? one : other, entryOf(token))));
  for (const member of [one, other]) for (const token of tokens) await refusedAt(member, token);
});

test('Redis gone: in force here at once; Redis back and empty: the other has it, and one that joins anew has all', async () => {
  const before = newToken();
  await revoke(one, entryOf(before));
  await refusedAt(other, before);
  await fleet.redis().kill();
  const token = newToken();
  expect(await one.outcome(token)).toBe('allow');
  const startedAt = performance.now();
  await revoke(one, entryOf(token));
  expect(await one.outcome(token)).toBe('token_revoked');
  console.log(`without Redis a revocation took ${Math.round(performance.now() - startedAt)} ms`);
  expect(await other.outcome(token)).toBe('allow');
  await fleet.restartRedis();
  const backAt = performance.now();
  await refusedAt(other, token);
  console.log(`a revocation made without Redis arrived ${Math.round(performance.now() - backAt)} ms after its return`);
  const third = await fleet.join('third');
  for (const revoked of [before, token]) await refusedAt(third, revoked);
  await third.stop();
});

test('Redis silent for a while: nobody waits for it, and afterwards the other follows', async () => {
  fleet.redis().hold();
  const token = newToken();
  await revoke(one, entryOf(token));
  expect(await one.outcome(token)).toBe('token_revoked');
  fleet.redis().release();
  await refusedAt(other, token);
});

test('the wake-ups lost and all of Redis flushed: the other still follows, and one that joins anew has all', async () => {
  const token = newToken();
  await revoke(one, entryOf(token));
  await refusedAt(other, token);
  await fleet.redis().cli('flushall');
  fleet.proxy.reset();
  const later = newToken();
  await revoke(one, entryOf(later));
  await refusedAt(other, later);
  const fourth = await fleet.join('fourth');
  for (const revoked of [token, later]) await refusedAt(fourth, revoked);
  await fourth.stop();
});

test('a stream that somebody else wrote to: forged and copied entries change nothing', async () => {
  const good = newToken();
  const revoked = newToken();
  await revoke(one, entryOf(revoked));
  await refusedAt(other, revoked);
  const keys = (await fleet.redis().cli('--scan')).split('\n').filter(Boolean);
  for (const key of keys) {
    const kind = await fleet.redis().cli('type', key);
    if (kind !== 'stream') continue;
    await fleet
      .redis()
      .cli('xadd', key, '*', 'v', JSON.stringify({ kind: 'key_manager', value: 'all', lifted: false }));
    await fleet.redis().cli('xadd', key, '*', 'garbage', 'x'.repeat(10_000));
  }
  const later = newToken();
  await revoke(one, entryOf(later));
  await refusedAt(other, later);
  expect(await other.outcome(good)).toBe('allow');
  expect(await other.outcome(revoked)).toBe('token_revoked');
});

test.each([
  ['a stream with the last of all ids', ['xadd', STREAM, '18446744073709551615-18446744073709551615', 'v', 'x']],
  ['a text', ['set', STREAM, 'x']],
  ['nothing', ['del', STREAM]],
])('%s in the place of the shared stream keeps no revocation from anyone', async (_what, command) => {
  const before = newToken();
  await revoke(one, entryOf(before));
  await refusedAt(other, before);
  await fleet.redis().cli(...command);
  const later = newToken();
  await revoke(one, entryOf(later));
  await refusedAt(other, later);
  const anew = await fleet.join(`in the place of ${command[0]}`.replaceAll(' ', '-'));
  for (const revoked of [before, later]) await refusedAt(anew, revoked);
  await anew.stop();
});

test('killed right after the answer: the revocation is there at the next start, without Redis too', async () => {
  const token = newToken();
  expect([await one.outcome(token), await other.outcome(token)]).toEqual(['allow', 'allow']);
  await revoke(one, entryOf(token));
  one = await one.restart('SIGKILL');
  expect(await one.outcome(token)).toBe('token_revoked');
  await refusedAt(other, token);
  await fleet.redis().kill();
  other = await other.restart('SIGKILL');
  expect(await other.outcome(token)).toBe('token_revoked');
  one = await one.restart();
  expect(await one.outcome(token)).toBe('token_revoked');
  await fleet.restartRedis();
});
