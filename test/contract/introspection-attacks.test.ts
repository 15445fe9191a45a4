// Introspection endpoints that lie, break or hang, and defects anywhere in the proof: a refusal or a fault, never an allow, and
// nothing comes down.

import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { REASONS } from '../../src/domain/reason.ts';
import { TokenProver, type TokenProverOptions } from '../../src/tokens/token-prover.ts';
import { SampleAdmission } from '../unit/tokens/sample-admission.ts';
import { NOW } from '../unit/tokens/token-sample.ts';
import { AttackWorld, ISSUER_B, ISSUER_D } from './attack-world.ts';

let world: AttackWorld;
beforeEach(async () => {
  world = await AttackWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

const active = (changes: object = {}) =>
  JSON.stringify({ active: true, client_id: 'client-1', scope: 'read', exp: NOW + 600, ...changes });

test.each<[string, string | Buffer, string]>([
  ['no active', '{"client_id":"client-1","exp":1900000000}', 'introspection_reply_invalid'],
  ['active "true"', active({ active: 'true' }), 'introspection_reply_invalid'],
  ['active 1', active({ active: 1 }), 'introspection_reply_invalid'],
  ['active [true]', active({ active: [true] }), 'introspection_reply_invalid'],
  ['active false and then true', `{"active":false,${active().slice(1)}`, 'introspection_reply_invalid'],
  ['a page', '<html>{"active":true}</html>', 'introspection_reply_invalid'],
  ['bytes that are not UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), 'introspection_reply_invalid'],
  ['a huge page', Buffer.alloc(10_000_000, 0x20), 'introspection_reply_invalid'],
  ['no exp', active({ exp: undefined }), 'claims_malformed'],
  ['exp "9999999999"', active({ exp: '9999999999' }), 'claims_malformed'],
  ['exp past', active({ exp: NOW - 100 }), 'token_expired'],
  ['another client', active({ client_id: 'client-of-nobody' }), 'application_not_found'],
  ['no client', active({ client_id: undefined }), 'client_unknown'],
  ['two clients', active({ client_id: ['client-1', 'client-2'] }), 'client_ambiguous'],
  ['a refresh token', active({ token_type: 'Refresh' }), 'token_type_refused'],
  ['a DPoP token', active({ token_type: 'DPoP' }), 'token_type_refused'],
  ['a DPoP binding', active({ cnf: { jkt: 'x' } }), 'sender_constrained_unsupported'],
  [
    '__proto__ in place of members',
    '{"__proto__":{"active":true,"client_id":"client-1"}}',
    'introspection_reply_invalid',
  ],
])('A28: a reply with %s', async (_what, body, reason) => {
  world.c.body = body;
  expect(await world.outcome('opaque-token', '/c/menu')).toBe(reason);
  world.c.body = active();
  expect(await world.outcome('another-token', '/c/menu')).toBe('allowed');
});

test.each([400, 401, 403, 404, 429, 500, 502])('A28: status %i with an inviting body', async (status) => {
  Object.assign(world.c, { status, body: active() });
  expect(await world.outcome('opaque-token', '/c/menu')).toBe('introspection_unavailable');
});

test('A28: a redirect is not followed, and takes no credential along', async () => {
  world.trap.body = active();
  Object.assign(world.c, { status: 307, headers: { location: world.trap.url() } });
  expect(await world.outcome('opaque-token', '/c/menu')).toBe('introspection_unavailable');
  expect(world.trap.fetches).toBe(0);
});

test('A28: a server that hangs holds nobody beyond its time, and is left alone after a while', async () => {
  world.c.gate = new Promise(() => undefined);
  world.hurryC(100);
  const seen = new Set<string>();
  for (let n = 0; n < 30; n++) seen.add(await world.outcome(`opaque-token-${n}`, '/c/menu'));
  expect(seen).toEqual(new Set(['introspection_unavailable']));
  expect(world.c.fetches).toBeLessThan(30);
  // Nobody else notices.
  expect(await world.outcome(world.token())).toBe('allowed');
});

test.each([
  ['a bad request', 400, '{"error":"invalid_request"}'],
  ['prose', 200, 'no such token'],
  ['an error object with status 200', 200, '{"error":"invalid_token"}'],
])(
  'A28: tokens that the server answers with %s do not have it left alone for the others',
  async (_what, status, body) => {
    Object.assign(world.c, { status, body });
    for (let n = 0; n < 60; n++) expect(await world.outcome(`odd-token-${n}`, '/c/menu')).toMatch(/^introspection_/);
    Object.assign(world.c, { status: 200, body: active() });
    expect(await world.outcome('opaque-token', '/c/menu')).toBe('allowed');
  },
);

test('A28: a JWT whose signature the server never looked at is looked at here', async () => {
  const forged = world.token({ iss: ISSUER_D, sub: 'admin' }, {}, world.attacker);
  world.c.body = active({ sub: 'admin' });
  expect(await world.refused(forged, '/d/menu')).toBe('signature_invalid');
  expect(world.c.fetches).toBe(0);
  expect(await world.outcome(world.token({ iss: ISSUER_D, sub: 'admin' }, {}, world.keyB), '/d/menu')).toBe('allowed');
});

test('A28: a token travels to the one key manager that claims it, and to nobody else', async () => {
  expect(await world.outcome('opaque-token', '/a/menu')).toBe('opaque_token_unsupported');
  expect(await world.outcome(world.token({ iss: 'https://evil.example' }), '/c/menu')).toBe('issuer_unknown');
  expect(world.c.fetches).toBe(0);
});

describe('A29: whatever throws, stalls or lies within, nothing is allowed', () => {
  const thrower = () => {
    throw new Error('canary-secret');
  };
  const broken: [string, (options: TokenProverOptions) => Partial<TokenProverOptions>][] = [
    ['reading the memory', () => ({ cache: { get: thrower, set: () => undefined } })],
    ['writing the memory', () => ({ cache: { get: () => undefined, set: thrower } })],
    ['reading what is shared', () => ({ shared: { get: thrower, set: () => undefined } })],
    ['a rejected look-up of what is shared', () => ({ shared: { get: async () => thrower(), set: () => undefined } })],
    ['writing what is shared', () => ({ shared: { get: async () => undefined, set: thrower } })],
    ['leave to wait', () => ({ admission: Object.assign(new SampleAdmission(), { wait: thrower }) })],
    ['leave to prove', () => ({ admission: Object.assign(new SampleAdmission(), { prove: thrower }) })],
    ['the introspector', () => ({ introspector: { ask: async () => thrower() } })],
    ['the clock', () => ({ clock: thrower })],
    ['the stopwatch', () => ({ stopwatch: thrower })],
    [
      'the keys',
      ({ keySets }) => ({ keySets: Object.assign(Object.create(keySets), { find: thrower, holds: thrower }) }),
    ],
    [
      'keys that never come',
      ({ keySets }) => ({
        keySets: Object.assign(Object.create(keySets), {
          find: () => new Promise(() => undefined),
          holds: () => false,
        }),
      }),
    ],
  ];
  test.each(broken)('%s', async (_what, breaks) => {
    const options = world.proverOptions();
    const tokens = new TokenProver({ ...options, ...breaks(options) });
    const outcomes: string[] = [];
    for (const [token, path] of [
      [world.token({}, {}, world.attacker), '/a/menu'],
      [world.token({ iss: ISSUER_B }, {}, world.keyB), '/b/menu'],
      [world.token({ iss: ISSUER_D }, {}, world.keyB), '/d/menu'],
      ['opaque-token', '/c/menu'],
    ] as const) {
      const decision = await Promise.race([
        Promise.resolve(world.decide(token, path, {}, tokens, 100)).catch(() => undefined),
        setTimeout(2_000, undefined, { ref: false }),
      ]);
      outcomes.push(decision?.outcome ?? 'rejected');
      if (decision?.outcome === 'fault') expect(JSON.stringify(decision.evidence)).not.toContain('canary-secret');
    }
    expect(outcomes[0]).not.toBe('allow');
    expect(outcomes.some((outcome) => outcome === 'fault')).toBe(true);
  });

  test.each(['moment', 'findRevocation', 'findSubscriber'] as const)('the catalog’s %s', async (name) => {
    Object.assign(name === 'moment' ? world.catalog : world.facts, { [name]: thrower });
    await expect(async () => world.decide(world.token())).rejects.toThrow();
  });

  test('a deadline that passes while a key manager is asked', async () => {
    world.c.gate = new Promise(() => undefined);
    const late = await world.decide('opaque-token', '/c/menu', {}, world.tokens, 20);
    expect(late).toMatchObject({ outcome: 'fault', reason: 'deadline_exceeded' });
  });
});

test('A30: no caller can tell one bad token from another: status, code, text and challenge are the same', () => {
  const rows = Object.values(REASONS).filter(({ challenge }) => challenge === 'invalid_token');
  const told = rows.map(({ status, code, message, description }) =>
    JSON.stringify([status, code, message, description]),
  );
  expect(new Set(told).size).toBe(1);
  expect(rows.length).toBeGreaterThan(20);
});

test('A30: a token is looked up by its digest, never by its text', async () => {
  await world.outcome(world.token());
  await world.outcome('opaque-token', '/c/menu');
  expect(world.shared.entries.size).toBe(2);
  for (const key of world.shared.entries.keys()) expect(key).toMatch(/^[A-Za-z0-9_-]{43}$/);
  expect([...world.shared.entries.values()].join()).not.toContain('opaque-token');
});
