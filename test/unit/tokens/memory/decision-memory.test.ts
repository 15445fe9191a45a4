// Two processes of one fleet, and what one may say because the other found it out.

import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, test } from 'vitest';
import { isRefusal } from '../../../../src/domain/decision.ts';
import type { KeyManager } from '../../../../src/domain/key-manager.ts';
import { DecisionMemory } from '../../../../src/tokens/memory/decision-memory.ts';
import { readToken } from '../../../../src/tokens/reading/read-token.ts';
import { ProverSample } from '../prover-sample.ts';
import { base64url, claims, es256Key, jwks, keyManager, NOW, NOW_MS, readJwt, signToken } from '../token-sample.ts';
import { FleetMemory } from './fleet-memory.ts';

const key = es256Key('k1');
const OPAQUE = 'opaque-1';
const ACTIVE = JSON.stringify({ active: true, client_id: 'client-1', exp: NOW + 600 });

/** Two provers with one fleet memory; the second one's servers are the first one's. */
async function fleet(sharing: 'auto' | 'always' | 'never' = 'auto') {
  const shared = new FleetMemory();
  const first = await new ProverSample(undefined, shared, sharing).listen(jwks(key));
  const second = new ProverSample(undefined, shared, sharing);
  return {
    ...{ shared, first, second },
    async [Symbol.asyncDispose]() {
      await first[Symbol.asyncDispose]();
      await second.closeDoor();
    },
  };
}

test('what one has asked, the other need not ask', async () => {
  await using world = await fleet();
  const { first, second } = world;
  first.asked.body = ACTIVE;
  const settings = first.asking();
  expect(await first.outcome(OPAQUE, settings)).toBe('proved');
  expect(await second.prove(OPAQUE, settings)).toMatchObject({ kind: 'proved', facts: { consumerKey: 'client-1' } });
  expect(first.asked.fetches).toBe(1);
  expect(second.prove(OPAQUE, settings)).toMatchObject({ kind: 'proved' });
});

test('a key manager is the same in all of the fleet though each gave it an id of its own; one of another organization, name or setting is not', async () => {
  await using world = await fleet();
  const { first, second } = world;
  first.asked.body = ACTIVE;
  const settings = first.asking();
  await first.prove(OPAQUE, settings);
  for (const [at, other] of [{ organization: 'other.org' }, { name: 'Other' }, { digest: 'other' }].entries())
    await second.prove(OPAQUE, { ...settings, id: `id-${at}`, ...other });
  expect(first.asked.fetches).toBe(4);
  const there = { ...settings, id: 'id-there' };
  expect(await second.prove(OPAQUE, there)).toMatchObject({ kind: 'proved', facts: { keyManagerId: 'id-there' } });
  expect(first.asked.fetches).toBe(4);
});

test('an answer taken over counts no longer than where it was found', async () => {
  await using world = await fleet();
  const { first, second } = world;
  first.asked.body = ACTIVE;
  const settings = first.asking();
  await first.prove(OPAQUE, settings);
  second.now += 50_000;
  expect(await second.outcome(OPAQUE, settings)).toBe('proved');
  expect([...second.remembered.values()].map(({ expiresAtMs }) => expiresAtMs)).toEqual([NOW_MS + 60_000]);
  second.now += 10_000;
  first.asked.body = '{"active":false}';
  expect(await second.outcome(OPAQUE, settings)).toBe('token_inactive');
});

test('that a token is inactive is shared, for its short time; other refusals are not', async () => {
  await using world = await fleet();
  const { first, second, shared } = world;
  first.asked.body = '{"active":false}';
  const settings = first.asking();
  await first.prove(OPAQUE, settings);
  expect(await second.outcome(OPAQUE, settings)).toBe('token_inactive');
  expect(first.asked.fetches).toBe(1);
  first.asked.body = JSON.stringify({ active: true, token_type: 'DPoP', exp: NOW + 600 });
  expect(await first.outcome('opaque-2', settings)).toBe('token_type_refused');
  expect(shared.entries.size).toBe(1);
});

test('an answer of a fault is never shared', async () => {
  await using world = await fleet();
  world.first.asked.status = 500;
  await world.first.prove(OPAQUE, world.first.asking());
  expect(world.shared.entries.size).toBe(0);
});

const facts = (entry: { decision: Record<string, unknown> }) => entry.decision['facts'] as Record<string, unknown>;

test.each<[string, Parameters<FleetMemory['tamper']>[0]]>([
  ['of another key manager', (entry) => Object.assign(facts(entry), { keyManagerId: 'km-2' })],
  ['whose token has expired', (entry) => Object.assign(facts(entry), { expiresAt: NOW - 60 })],
  ['that no longer counts', (entry) => Object.assign(entry, { expiresAtMs: NOW_MS })],
  ['without an end', (entry) => Object.assign(entry, { expiresAtMs: null })],
  ['with a key that an opaque token never has', (entry) => Object.assign(facts(entry), { keyThumbprint: 'x' })],
  ['without scopes', (entry) => Object.assign(facts(entry), { scopes: null })],
  ['with a client that is no text', (entry) => Object.assign(facts(entry), { consumerKey: ['client-1'] })],
  ['with claims that are no texts', (entry) => Object.assign(facts(entry), { claims: { a: 1 } })],
  ['without facts', (entry) => Object.assign(entry.decision, { facts: undefined })],
  ['that is a fault', (entry) => Object.assign(entry, { decision: { kind: 'unavailable', reason: 'internal_error' } })],
  ['that refuses for another reason', (entry) => Object.assign(entry, { decision: { kind: 'refused', reason: 'x' } })],
  ['of no kind', (entry) => Object.assign(entry, { decision: {} })],
])('a shared answer %s is no answer', async (_what, change) => {
  await using world = await fleet();
  const { first, second, shared } = world;
  first.asked.body = ACTIVE;
  const settings = first.asking();
  await first.prove(OPAQUE, settings);
  shared.tamper(change);
  first.asked.body = '{"active":false}';
  expect(await second.outcome(OPAQUE, settings)).toBe('token_inactive');
});

test('a cheap proof is not shared, unless told to; a dear one is; with `never` nothing is', async () => {
  const dear = generateKeyPairSync('ec', { namedCurve: 'P-384' });
  const jwk = { ...dear.publicKey.export({ format: 'jwk' }), kid: 'p384' };
  const input = `${base64url({ alg: 'ES384', kid: 'p384' })}.${base64url(claims())}`;
  const options = { key: dear.privateKey, dsaEncoding: 'ieee-p1363' } as const;
  const es384 = `${input}.${sign('sha384', Buffer.from(input), options).toString('base64url')}`;
  for (const [sharing, entries] of [
    ['auto', 1],
    ['always', 2],
    ['never', 0],
  ] as const) {
    await using world = await fleet(sharing);
    const { first, second, shared } = world;
    first.server.body = jwks(key, jwk);
    first.asked.body = ACTIVE;
    const settings = first.settings({ algorithms: ['ES256', 'ES384'] });
    const text = signToken(key);
    for (const token of [text, es384]) expect(await first.outcome(token, settings)).toBe('proved');
    expect(shared.entries.size, sharing).toBe(entries);
    for (const token of [text, es384]) expect(await second.outcome(token, settings)).toBe('proved');
    await first.prove(OPAQUE, first.asking());
    expect(shared.entries.size, sharing).toBe(sharing === 'never' ? 0 : entries + 1);
  }
});

test('a bad JWT is never shared', async () => {
  await using world = await fleet('always');
  for (const text of [signToken(es256Key('k1')), signToken(key, claims({ exp: 1, iat: 0 }))])
    await world.first.prove(text);
  expect(world.shared.entries.size).toBe(0);
});

test('a shared proof counts only where its key is in the set', async () => {
  await using world = await fleet('always');
  const { first, second, shared } = world;
  const text = signToken(key);
  const settings = first.settings();
  expect(await first.outcome(text, settings)).toBe('proved');
  shared.tamper((entry) => Object.assign(facts(entry), { consumerKey: 'forged', keyThumbprint: 'not-in-the-set' }));
  expect(await second.prove(text, settings)).toMatchObject({ facts: { consumerKey: 'client-1' } });
  shared.tamper((entry) => Object.assign(facts(entry), { consumerKey: 'forged', keyThumbprint: undefined }));
  first.remembered.clear();
  expect(await first.prove(text, settings)).toMatchObject({ facts: { consumerKey: 'client-1' } });
});

const token = (text: string) => {
  const read = readToken(text);
  if (isRefusal(read)) throw new Error(read.reason);
  return read;
};

test('a memory is of one token under one key manager’s settings; no choice of parts spells another’s', () => {
  const cache = { get: () => undefined, set: () => undefined };
  const keySets = { holds: () => false, digest: () => '' };
  const memory = new DecisionMemory({ keySets, cache, shared: undefined, clock: () => NOW_MS });
  const base = keyManager({ digest: 'd' });
  const at = (over: Partial<KeyManager>, text = 'tok') => memory.keyOf(token(text), { ...base, ...over });
  const keys = [
    at({}),
    at({ id: 'km-2' }),
    at({ digest: 'e' }),
    at({ id: 'km-1d', digest: '' }),
    at({ id: 'km', digest: '-1d' }),
    at({}, 'tok2'),
    memory.keyOf(readJwt(signToken(key)), base),
    memory.keyOf({ ...readJwt(signToken(key)), hash: token('tok').hash }, base),
  ];
  expect(new Set(keys).size).toBe(keys.length);
  expect(at({ name: 'Renamed', sequence: 9 })).toBe(at({}));
});
