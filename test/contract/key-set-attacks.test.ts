// Floods of tokens, and key sets that are not what they should be: bounded work, the last good keys stay, nothing forged gets in.

import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { base64url, claims as claimsOf, es256Key, jwks, NOW, rsaKey, signToken } from '../unit/tokens/token-sample.ts';
import { AttackWorld, COOLDOWN_MS, ISSUER_A, KEYS_ARE_OLD_MS } from './attack-world.ts';

let world: AttackWorld;
beforeEach(async () => {
  world = await AttackWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

test.each([
  ['answers', 200, 1],
  ['fails', 500, 1],
])('A13: 500 tokens with made-up key ids in a cool-down, while the server %s', async (what, status, most) => {
  world.a.status = status;
  const reasons = new Map<string, number>();
  for (let n = 0; n < 500; n++) {
    const reason = await world.outcome(world.token({}, { kid: `made-up-${n}` }));
    reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  }
  process.stdout.write(
    `unknown kids, server ${what}: 500 tokens, ${world.a.fetches} fetches, ${JSON.stringify(Object.fromEntries(reasons))}\n`,
  );
  expect(world.a.fetches).toBeLessThanOrEqual(most);
  expect(reasons.has('allowed')).toBe(false);
  expect(world.b.fetches).toBe(0);
});

test('A13: tokens of made-up issuers cost no fetch at all', async () => {
  for (let n = 0; n < 500; n++)
    expect(await world.refused(world.token({ iss: `https://evil-${n}.example` }))).toBe('issuer_unknown');
  for (const server of [world.a, world.b, world.c]) expect(server.fetches).toBe(0);
});

test('A13: a flood of bad signatures costs a bounded time, and the good token goes on', async () => {
  const good = world.token();
  expect(await world.outcome(good)).toBe('allowed');
  const [head, body] = good.split('.');
  const seen = new Set<string>();
  for (let n = 0; n < 20_000; n++) {
    const signature = Buffer.alloc(64, n % 256);
    signature.writeUInt32BE(n);
    seen.add(await world.outcome(`${head}.${body}.${signature.toString('base64url')}`));
  }
  // Beyond the time for first proofs nothing is verified any more; what is known needs no proof.
  expect([...seen].filter((reason) => !['signature_invalid', 'key_manager_limit_reached'].includes(reason))).toEqual(
    [],
  );
  expect(await world.outcome(good)).toBe('allowed');
  expect(world.a.fetches).toBe(1);
});

const even = (n: string) => ({ kty: 'RSA', n, e: 'AAEAAA', kid: 'r1' });

test.each<[string, (w: AttackWorld) => void, fetchTimeoutMs?: number]>([
  ['status 500', (w) => Object.assign(w.a, { status: 500 })],
  ['a page', (w) => Object.assign(w.a, { body: '<html>it works</html>' })],
  ['an error text with status 200', (w) => Object.assign(w.a, { body: 'Error while building response' })],
  ['nothing', (w) => Object.assign(w.a, { body: '' })],
  ['{}', (w) => Object.assign(w.a, { body: '{}' })],
  ['a list', (w) => Object.assign(w.a, { body: '[]' })],
  ['keys that are no list', (w) => Object.assign(w.a, { body: '{"keys":{}}' })],
  ['members that are no keys', (w) => Object.assign(w.a, { body: '{"keys":[1,null,"x",[]]}' })],
  ['only a symmetric key', (w) => Object.assign(w.a, { body: '{"keys":[{"kty":"oct","k":"AAAA","kid":"k1"}]}' })],
  [
    'only a private key',
    (w) => Object.assign(w.a, { body: jwks({ ...w.keyA.privateKey.export({ format: 'jwk' }), kid: 'k1' }) }),
  ],
  ['only a key with exponent 1', (w) => Object.assign(w.a, { body: jwks({ ...w.rsaA.jwk, e: 'AQ' }) })],
  ['only a key with an even exponent', (w) => Object.assign(w.a, { body: jwks(even(String(w.rsaA.jwk['n']))) })],
  ['only a key of 1024 bits', (w) => Object.assign(w.a, { body: jwks(rsaKey('r1', 1024)) })],
  [
    '10 000 keys',
    (w) => Object.assign(w.a, { body: jwks(...Array.from({ length: 10_000 }, (_, n) => ({ kty: 'x', kid: `${n}` }))) }),
  ],
  ['42 MB', (w) => Object.assign(w.a, { body: Buffer.alloc(42_000_000, 0x20) })],
  [
    'a gzip bomb',
    (w) =>
      Object.assign(w.a, { body: gzipSync(Buffer.alloc(50_000_000, 0x20)), headers: { 'content-encoding': 'gzip' } }),
  ],
  ['a redirect to the attacker', (w) => Object.assign(w.a, { status: 302, headers: { location: w.trap.url() } })],
  ['silence', (w) => Object.assign(w.a, { gate: new Promise(() => undefined) }), 500],
])('A14: a key set that becomes %s replaces nothing', async (_what, spoil, fetchTimeoutMs = world.fetchTimeoutMs) => {
  const good = world.token();
  Object.assign(world, { fetchTimeoutMs });
  world.tokens = world.prover();
  await eventually('the first keys', async () => (await world.outcome(good)) === 'allowed');
  world.trap.body = jwks(world.attacker);
  spoil(world);
  world.now += KEYS_ARE_OLD_MS;
  const later = (key = world.keyA) => signToken(key, claimsOf({ iss: ISSUER_A, iat: NOW, exp: NOW + 80_000 }));
  await world.outcome(later());
  expect(await world.outcome(later())).toBe('allowed');
  expect(await world.refused(later(world.attacker))).toBe('signature_invalid');
  expect(world.a.fetches).toBeGreaterThan(1);
});

test('A14: the same from the start proves nothing, and is a fault', async () => {
  world.a.body = '<html>it works</html>';
  expect(await world.outcome(world.token())).toBe('key_set_unavailable');
  expect(await world.outcome(world.token({}, {}, world.attacker))).toBe('key_set_unavailable');
});

test('A14: one bad key spoils nothing, and proves nothing', async () => {
  const weak = { ...world.rsaA.jwk, e: 'AQ', kid: 'weak' };
  world.a.body = jwks({ kty: 'oct', k: 'AAAA', kid: 'k0' }, weak, world.keyA);
  expect(await world.outcome(world.token())).toBe('allowed');
  world.now += COOLDOWN_MS;
  expect(await world.refused(forgedWithExponentOne('weak'))).toBe('key_not_found');
});

/** With exponent 1 the signature is the padded digest itself (RFC 8017 §9.2): anyone can write it, without any key. */
function forgedWithExponentOne(kid: string): string {
  const input = `${base64url({ alg: 'RS256', kid })}.${base64url(claimsOf({ iss: ISSUER_A }))}`;
  const info = Buffer.from('3031300d060960864801650304020105000420', 'hex');
  const digest = createHash('sha256').update(input).digest();
  const padding = Buffer.alloc(256 - 3 - info.length - digest.length, 0xff);
  const padded = Buffer.concat([Buffer.from([0, 1]), padding, Buffer.from([0]), info, digest]);
  return `${input}.${padded.toString('base64url')}`;
}

test('A14: of two keys under one kid each proves its own tokens', async () => {
  const twin = es256Key('k1');
  world.a.body = jwks(world.keyA, twin);
  for (const key of [world.keyA, twin])
    expect(await world.outcome(world.token({ sub: `${key === twin}` }, {}, key))).toBe('allowed');
  expect(await world.refused(world.token({}, {}, world.attacker))).toBe('signature_invalid');
});

test('A14: the content type of a key set is not looked at', async () => {
  world.a.headers = { 'content-type': 'text/html' };
  expect(await world.outcome(world.token())).toBe('allowed');
});

test('a key that is withdrawn proves nothing once its set was fetched anew, remembered proofs included', async () => {
  const good = world.token({ exp: NOW + 80_000 });
  expect(await world.outcome(good)).toBe('allowed');
  world.a.body = jwks(world.rsaA);
  world.now += COOLDOWN_MS;
  await world.outcome(world.token({}, { kid: 'unknown' }));
  expect(await world.outcome(good)).not.toBe('allowed');
  world.now += COOLDOWN_MS;
  expect(await world.refused(good)).toBe('key_not_found');
});
