import { createHash, createHmac } from 'node:crypto';
import { expect, test } from 'vitest';
import { ProverSample } from './prover-sample.ts';
import {
  base64url,
  claims,
  ed25519Key,
  es256Key,
  jwks,
  keyManager,
  NOW,
  NOW_MS,
  readJwt,
  rsaKey,
  signToken,
} from './token-sample.ts';

const key = es256Key('k1');
const rsa = rsaKey('r1');
const ed = ed25519Key('e1');
const stranger = es256Key('k1');
const good = signToken(key);
const sample = () => new ProverSample().listen(jwks(key, rsa, ed));

test('proves a token, with the thumbprint of the key that did it', async () => {
  await using world = await sample();
  const { crv, kty, x, y } = key.jwk;
  expect(await world.prove(good)).toMatchObject({
    kind: 'proved',
    facts: {
      consumerKey: 'client-1',
      keyThumbprint: createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url'),
    },
  });
});

test.each([
  ['by its name', signToken(key), 'k1'],
  ['without its name', signToken(key, claims(), { kid: undefined }), 'k1'],
])(
  'a key is told by the name that it was published under, for a token that calls it %s',
  async (_what, text, keyId) => {
    await using world = await sample();
    expect(await world.prove(text)).toMatchObject({ kind: 'proved', facts: { keyId } });
  },
);

test('of a key that was published without a name the token’s own word counts', async () => {
  await using world = await new ProverSample().listen(jwks({ ...key, jwk: { ...key.jwk, kid: undefined } }));
  expect(await world.prove(good)).toMatchObject({ kind: 'proved', facts: { keyId: 'k1' } });
});

test.each([
  ['RS256', signToken(rsa)],
  ['EdDSA', signToken(ed)],
  ['Ed25519', signToken(ed, claims(), { alg: 'Ed25519' })],
  ['a token that names no key', signToken(key, claims(), { kid: undefined })],
  ['a token that names other keys too', signToken(key, claims(), { jku: 'http://127.0.0.1:1/', jwk: stranger.jwk })],
])('proves %s', async (_what, text) => {
  await using world = await sample();
  expect(await world.outcome(text)).toBe('proved');
});

const pem = String(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
const hmacToken = (secret: string | Buffer) => {
  const input = `${base64url({ alg: 'HS256', kid: 'r1' })}.${base64url(claims())}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
};
const [head = '', payload = '', signature = ''] = good.split('.');
const derSignature = Buffer.concat([Buffer.from([0x30, 0x44]), Buffer.from(signature, 'base64url')]).toString(
  'base64url',
);

test.each([
  ['alg none', signToken(key, claims(), { alg: 'none' }), 'algorithm_not_allowed'],
  ['alg NONE', signToken(key, claims(), { alg: 'NONE' }), 'algorithm_not_allowed'],
  ['alg es256', signToken(key, claims(), { alg: 'es256' }), 'algorithm_not_allowed'],
  ['alg __proto__', signToken(key, claims(), { alg: '__proto__' }), 'algorithm_not_allowed'],
  ['an alg that the key manager does not list', signToken(rsa, claims(), { alg: 'PS256' }), 'algorithm_not_allowed'],
  ['HS256 with the PEM text', hmacToken(pem), 'algorithm_not_allowed'],
  [
    'HS256 with the DER bytes',
    hmacToken(rsa.publicKey.export({ type: 'spki', format: 'der' })),
    'algorithm_not_allowed',
  ],
  ['HS256 with the JWK', hmacToken(JSON.stringify(rsa.jwk)), 'algorithm_not_allowed'],
  ['HS256 with nothing', hmacToken(''), 'algorithm_not_allowed'],
  ['a signature of another key', signToken(stranger), 'signature_invalid'],
  [
    'a signature of another key that the header holds',
    signToken(stranger, claims(), { jwk: stranger.jwk }),
    'signature_invalid',
  ],
  ['a signature of zeros', `${head}.${payload}.${Buffer.alloc(64).toString('base64url')}`, 'signature_invalid'],
  ['a short signature', `${head}.${payload}.${signature.slice(0, 40)}`, 'signature_invalid'],
  ['a DER signature', `${head}.${payload}.${derSignature}`, 'signature_invalid'],
  ['another payload', `${head}.${base64url(claims({ azp: 'client-2' }))}.${signature}`, 'signature_invalid'],
  ['another header', `${base64url({ alg: 'ES256', kid: 'k1', x: 1 })}.${payload}.${signature}`, 'signature_invalid'],
  ['the alg of another kind of key', signToken(key, claims(), { alg: 'RS256' }), 'key_not_found'],
  ['a kid nobody has', signToken(key, claims(), { kid: '../../etc/passwd' }), 'key_not_found'],
  ['an expired token', signToken(key, claims({ exp: NOW - 60, iat: NOW - 120 })), 'token_expired'],
  ['an ID token', signToken(key, claims(), { typ: 'id_token+jwt' }), 'token_type_refused'],
])('refuses %s', async (_what, text, reason) => {
  await using world = await sample();
  expect(await world.outcome(text)).toBe(reason);
});

test('asks nobody about a token whose claims already speak against it', async () => {
  await using world = await sample();
  for (const text of [
    signToken(key, claims({ exp: 1, iat: 0 })),
    hmacToken('x'),
    signToken(key, claims({ iss: 'https://evil/' })),
  ])
    expect(world.prove(text)).toMatchObject({ kind: 'refused' });
  expect(world.server.fetches).toBe(0);
});

test('does not prove a JWT whose key manager wants it introspected', async () => {
  await using world = await sample();
  expect(await world.outcome(good, world.settings({ selfValidateJwt: false }))).toBe('opaque_token_unsupported');
});

test('answers at once when the proof is remembered, without asking or verifying again', async () => {
  await using world = await sample();
  const proved = await world.prove(good);
  expect(world.prove(good)).toBe(proved);
  expect(world.server.fetches).toBe(1);
});

test('proves one token once for all who ask at the same time', async () => {
  await using world = await sample();
  const decisions = await Promise.all(Array.from({ length: 50 }, () => world.prove(good)));
  expect(new Set(decisions).size).toBe(1);
  expect(world.server.fetches).toBe(1);
});

test('a remembered proof expires with its token, and is remembered no longer than that', async () => {
  await using world = await sample();
  const short = signToken(key, claims({ exp: NOW + 20 }));
  await world.prove(short);
  expect([...world.remembered.values()].map(({ expiresAtMs }) => expiresAtMs)).toEqual([NOW_MS + 20_000]);
  world.now += 51_000;
  expect(await world.outcome(short)).toBe('token_expired');
});

test('a token that lives on the skew alone is proved and not remembered', async () => {
  await using world = await sample();
  expect(await world.outcome(signToken(key, claims({ exp: NOW - 10 })))).toBe('proved');
  expect(world.remembered.size).toBe(0);
});

test('a remembered proof does not outlive its key', async () => {
  await using world = await sample();
  await world.prove(good);
  world.server.body = jwks(rsa);
  world.now += 5_000;
  await world.outcome(signToken(key, claims(), { kid: 'new' }));
  expect(await world.outcome(good)).toBe('key_set_refreshing');
});

test('a remembered proof is not another key manager’s, nor that of other settings', async () => {
  await using world = await sample();
  await world.prove(good);
  const other = world.settings({ id: 'km-2' });
  expect(world.prove(good, other)).toBeInstanceOf(Promise);
  const stricter = world.settings({ algorithms: ['RS256'] });
  expect(await world.outcome(good, stricter)).toBe('algorithm_not_allowed');
});

test('a bad signature is remembered for the keys that refused it, not beyond them', async () => {
  await using world = await sample();
  const nameless = signToken(stranger, claims(), { kid: undefined });
  expect(await world.outcome(nameless)).toBe('signature_invalid');
  expect(world.prove(nameless)).toMatchObject({ kind: 'refused', reason: 'signature_invalid' });
  world.server.body = jwks(key, { ...stranger.jwk, kid: 'k2' });
  world.now += 5_000;
  await world.outcome(signToken(key, claims(), { kid: 'unknown' }));
  expect(await world.outcome(nameless)).toBe('proved');
});

test('a bad signature is remembered without being verified again, and no longer than its claims would come to that', async () => {
  await using world = await sample();
  const { clockSkewSeconds } = world.settings();
  const forged = signToken(stranger, claims({ exp: NOW - clockSkewSeconds + 5 }));
  expect(await world.outcome(forged)).toBe('signature_invalid');
  const { proofs } = world.admission;
  for (let time = 0; time < 3; time++) expect(world.prove(forged)).toMatchObject({ reason: 'signature_invalid' });
  expect(world.admission.proofs).toBe(proofs);
  expect([...world.remembered.values()].map(({ expiresAtMs }) => expiresAtMs)).toEqual([NOW_MS + 5_000]);
  world.now += 5_000;
  expect(await world.outcome(forged)).toBe('token_expired');
});

test('a proof that waited while the settings changed leaves the newer key set alone', async () => {
  await using world = await sample();
  await using newer = await new ProverSample().listen(jwks(key));
  const { promise, resolve } = Promise.withResolvers<void>();
  world.server.gate = promise;
  const [before, after] = [world.settings({ digest: 'before' }), newer.settings({ digest: 'after' })];
  const waiting = [good, signToken(stranger)].map((text) => world.outcome(text, before));
  await expect.poll(() => world.server.fetches).toBe(1);
  expect(await world.outcome(good, after)).toBe('proved');
  resolve();
  expect(await Promise.all(waiting)).toEqual(['proved', 'signature_invalid']);
  expect(world.prove(good, after)).toMatchObject({ kind: 'proved' });
  expect(newer.server.fetches).toBe(1);
});

test('a proof that waited while its key manager was deleted does not bring the keys back', async () => {
  await using world = await sample();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.server.gate = promise;
  const settings = world.settings();
  const waiting = world.outcome(good, settings);
  await expect.poll(() => world.server.fetches).toBe(1);
  world.keySets.retain(new Set());
  resolve();
  expect(await waiting).toBe('proved');
  expect(world.keySets.ages(world.now)).toEqual([]);
});

test('a remembered proof waits for its key set where nobody asked for that in long', async () => {
  await using world = await sample();
  const [text, settings] = [signToken(key, claims({ exp: NOW + 10_800 })), world.settings()];
  await world.prove(text, settings);
  world.now += 7_200_000;
  expect(await world.outcome(text, settings)).toBe('proved');
  expect(world.prove(text, settings)).toMatchObject({ kind: 'proved' });
  expect(world.server.fetches).toBe(2);
});

test('an unknown key and an unreachable server are never remembered', async () => {
  await using world = await sample();
  await world.outcome(signToken(key, claims(), { kid: 'unknown' }));
  expect(world.remembered.size).toBe(0);
  world.server.status = 500;
  await world.outcome(good, world.settings({ id: 'km-2' }));
  expect(world.remembered.size).toBe(0);
});

test('whoever runs out of time gets a fault, and the fetch goes on for the others', async () => {
  await using world = await sample();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.server.gate = promise;
  const patient = world.prove(good);
  expect(await world.prove(good, world.settings(), 20)).toMatchObject({
    kind: 'unavailable',
    reason: 'deadline_exceeded',
  });
  resolve();
  expect(await patient).toMatchObject({ kind: 'proved' });
  expect(world.server.fetches).toBe(1);
});

test('a defect is a fault that names the error and nothing it said', async () => {
  const secret = 'do not repeat this';
  const broken = () => {
    throw new RangeError(secret);
  };
  await using reading = await new ProverSample({ get: broken, set: () => undefined }).listen(jwks(key));
  await using writing = await new ProverSample({ get: () => undefined, set: broken }).listen(jwks(key));
  for (const world of [reading, writing])
    expect(await world.prove(good)).toEqual({
      kind: 'unavailable',
      reason: 'internal_error',
      evidence: { error: 'RangeError' },
    });
});

test('a key manager without keys proves nothing', async () => {
  await using world = await sample();
  expect(await world.outcome(good, keyManager({ keys: { kind: 'none' } }))).toBe('key_not_found');
});

test('no refusal repeats the token', async () => {
  await using world = await sample();
  for (const text of [
    signToken(stranger),
    signToken(key, claims({ exp: 1, iat: 0 })),
    signToken(key, claims(), { kid: 'z' }),
  ]) {
    const told = JSON.stringify(await world.prove(text));
    for (const part of readJwt(text).text.split('.')) expect(told).not.toContain(part);
  }
});

test('a key of another issuer is not this token’s key, though its signature is right', async () => {
  const [a, b] = ['https://login.example/a/', 'https://login.example/b/'];
  await using world = await new ProverSample().listen(
    jwks({ ...key.jwk, issuer: 'https://login.example/{tenantid}/' }, { ...rsa.jwk, issuer: b }),
  );
  const settings = world.settings({
    ...{ issuers: [a, b], checksKeyIssuer: true },
    tenancy: { claim: 'tid', tenants: { [a]: 'a', [b]: 'b' } },
  });
  expect(await world.outcome(signToken(key, claims({ iss: a, tid: 'a' })), settings)).toBe('proved');
  expect(await world.outcome(signToken(rsa, claims({ iss: b, tid: 'b' })), settings)).toBe('proved');
  const swapped = signToken(rsa, claims({ iss: a, tid: 'a' }));
  expect(await world.outcome(swapped, settings)).toBe('key_not_found');
  expect(await world.outcome(swapped, { ...settings, checksKeyIssuer: false, digest: 'other' })).toBe('proved');
});

test('without leave to spend time on a first proof it is a fault, and the next one is proved', async () => {
  await using world = await sample();
  await world.prove(good);
  world.admission.refuse = { prove: 'limit' };
  const another = signToken(key, claims({ jti: '2' }));
  expect(await world.outcome(another)).toBe('key_manager_limit_reached');
  expect(world.prove(good)).toMatchObject({ kind: 'proved' });
  world.admission.refuse = {};
  expect(await world.outcome(another)).toBe('proved');
  expect(world.admission).toMatchObject({ proofs: 2, held: { wait: 0, prove: 0 } });
});

test('without leave to wait for a key set it is a fault, and what needs no wait goes on', async () => {
  await using world = await sample();
  world.admission.refuse = { wait: 'limit' };
  expect(await world.outcome(good)).toBe('key_manager_limit_reached');
  world.admission.refuse = {};
  expect(await world.outcome(good)).toBe('proved');
  world.admission.refuse = { wait: 'limit' };
  expect(world.prove(signToken(key, claims({ jti: '2' })))).toMatchObject({ kind: 'proved' });
});

test('a bad signature costs its time once', async () => {
  await using world = await sample();
  await world.prove(good);
  const bad = signToken(stranger);
  for (let n = 0; n < 20; n++) expect(await world.outcome(bad)).toBe('signature_invalid');
  expect(world.admission.proofs).toBe(2);
});
