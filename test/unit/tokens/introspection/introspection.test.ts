// Opaque tokens, and JWTs that have to be asked for, against a real introspection endpoint on loopback.

import { generateKeyPairSync, verify } from 'node:crypto';
import { expect, test } from 'vitest';
import type { Introspection } from '../../../../src/domain/introspection.ts';
import { ProverSample } from '../prover-sample.ts';
import { claims, es256Key, ISSUER, jwks, NOW, NOW_MS, signToken } from '../token-sample.ts';

const key = es256Key('k1');
const stranger = es256Key('k1');
const sample = () => new ProverSample().listen(jwks(key));
const OPAQUE = '2YotnFZFEjr1zCsicMWpAA';

const reply = (changes: Record<string, unknown> = {}) =>
  JSON.stringify({
    active: true,
    client_id: 'client-1',
    sub: 'alice',
    scope: 'read write',
    token_type: 'Bearer',
    iat: NOW - 60,
    exp: NOW + 600,
    ...changes,
  });

/** What a reply makes of an opaque token: `proved` or the reason why not. */
async function verdict(body: string, introspection: Partial<Introspection> = {}, changes = {}): Promise<string> {
  await using world = await sample();
  world.asked.body = body;
  return await world.outcome(OPAQUE, world.asking(introspection, changes));
}

test('an active token’s reply becomes its facts', async () => {
  await using world = await sample();
  world.asked.body = reply({ aud: ['a', 'b'], jti: 'j', iss: ISSUER, nbf: NOW - 60 });
  expect(await world.prove(OPAQUE, world.asking())).toEqual({
    kind: 'proved',
    facts: {
      keyManagerId: 'km-1',
      issuer: ISSUER,
      subject: 'alice',
      consumerKey: 'client-1',
      scopes: ['read', 'write'],
      audiences: ['a', 'b'],
      expiresAt: NOW + 600,
      notBefore: NOW - 60,
      issuedAt: NOW - 60,
      jti: 'j',
      keyThumbprint: undefined,
      keyId: undefined,
      claims: {},
      certificateThumbprint: undefined,
    },
  });
  expect(Object.fromEntries(new URLSearchParams(world.asked.lastBody))).toEqual({
    token: OPAQUE,
    token_type_hint: 'access_token',
  });
  expect(world.asked.lastHeaders).toMatchObject({
    'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
    accept: 'application/json',
  });
});

test.each<[string, string, string, Partial<Introspection>?, object?]>([
  ['inactive', '{"active":false}', 'token_inactive'],
  ['inactive, whatever else it says', reply({ active: false }), 'token_inactive'],
  ['aud as a text', reply({ aud: 'a' }), 'proved'],
  ['aud an empty list', reply({ aud: [] }), 'proved'],
  ['scope as a list', reply({ scope: ['read'] }), 'proved'],
  ['scope null', reply({ scope: null }), 'proved'],
  ['token_type absent', reply({ token_type: undefined }), 'proved'],
  ['token_type bearer in lower case', reply({ token_type: 'bearer' }), 'proved'],
  ['token_type access_token', reply({ token_type: 'access_token' }), 'proved'],
  ['token_type Refresh', reply({ token_type: 'Refresh' }), 'token_type_refused'],
  ['token_type DPoP', reply({ token_type: 'DPoP' }), 'token_type_refused'],
  ['token_type that is no text', reply({ token_type: ['Bearer'] }), 'token_type_refused'],
  ['a mark', reply({ typ: 'Refresh' }), 'token_type_refused', { marks: [{ claim: 'typ', accept: ['Bearer'] }] }],
  ['a mark that is right', reply({ typ: 'Bearer' }), 'proved', { marks: [{ claim: 'typ', accept: ['Bearer'] }] }],
  ['cnf of DPoP', reply({ cnf: { jkt: 'x' } }), 'sender_constrained_unsupported'],
  ['cnf of a certificate', reply({ cnf: { 'x5t#S256': 'A'.repeat(43) } }), 'proved'],
  ['exp past', reply({ exp: NOW - 31, iat: NOW - 90 }), 'token_expired'],
  ['exp a text', reply({ exp: String(NOW + 600) }), 'claims_malformed'],
  ['exp absent', reply({ exp: undefined }), 'claims_malformed'],
  ['exp null', reply({ exp: null }), 'claims_malformed'],
  ['exp absent, where none is required', reply({ exp: undefined }), 'proved', { requireExp: false }],
  [
    'no exp and a token of long ago, where none is required',
    reply({ exp: undefined, iat: 1 }),
    'proved',
    { requireExp: false },
  ],
  ['exp beyond 2^53', reply({ exp: 2 ** 63 }), 'claims_malformed'],
  ['a life that is too long', reply({ exp: NOW + 999_999 }), 'token_lifetime_excessive'],
  ['nbf in the future', reply({ nbf: NOW + 60 }), 'token_not_yet_valid'],
  ['iss of the key manager', reply({ iss: ISSUER }), 'proved'],
  ['iss of another', reply({ iss: 'https://evil.example/' }), 'issuer_unknown'],
  ['iss of another case', reply({ iss: ISSUER.toUpperCase() }), 'issuer_unknown'],
  ['iss that is no text', reply({ iss: [ISSUER] }), 'issuer_unknown'],
  ['an iss where the key manager has none', reply({ iss: 'https://any.example' }), 'proved', {}, { issuers: [] }],
  [
    'two members that name different clients',
    reply({ azp: 'c2' }),
    'client_ambiguous',
    { consumerKeyMembers: ['client_id', 'azp'] },
  ],
  ['a client that is no text', reply({ client_id: 7 }), 'claims_malformed'],
  ['sub with a control character', reply({ sub: 'a\u0000b' }), 'claims_malformed'],
  ['no active', '{"client_id":"client-1"}', 'introspection_reply_invalid'],
  ['active a text', reply({ active: 'true' }), 'introspection_reply_invalid'],
  ['active a number', reply({ active: 1 }), 'introspection_reply_invalid'],
  ['active null', reply({ active: null }), 'introspection_reply_invalid'],
  ['active twice', '{"active":false,"active":true,"client_id":"client-1"}', 'introspection_reply_invalid'],
  ['a list', '[]', 'introspection_reply_invalid'],
  ['null', 'null', 'introspection_reply_invalid'],
  ['a page', '<html>active:true</html>', 'introspection_reply_invalid'],
  ['nothing', '', 'introspection_reply_invalid'],
  ['100 000 levels', `{"active":true,"x":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'introspection_reply_invalid'],
  ['a huge reply', reply({ x: 'x'.repeat(70_000) }), 'introspection_reply_invalid'],
])('a reply with %s', async (_what, body, expected, introspection, changes) => {
  expect(await verdict(body, introspection, changes)).toBe(expected);
});

test.each([
  [301, 'failed'],
  [400, 'ok'],
  [401, 'failed'],
  [403, 'failed'],
  [404, 'ok'],
  [422, 'ok'],
  [429, 'failed'],
  [500, 'ok'],
  [502, 'failed'],
  [503, 'failed'],
])(
  'status %i is no word about the token: a fault, and asked anew; for the breaker it is %s',
  async (status, counted) => {
    await using world = await sample();
    world.asked.body = '{"active":false}';
    world.asked.status = status;
    expect(await world.outcome(OPAQUE, world.asking())).toBe('introspection_unavailable');
    world.asked.status = 200;
    expect(await world.outcome(OPAQUE, world.asking())).toBe('token_inactive');
    expect(world.admission.outcomes).toEqual([counted, 'ok']);
  },
);

test('a server that hangs or refuses is a fault, and nobody else is asked', async () => {
  await using world = await sample();
  world.asked.gate = new Promise(() => undefined);
  expect(await world.outcome(OPAQUE, world.asking({ timeoutMs: 50 }))).toBe('introspection_unavailable');
  const nobody = world.asking({ endpoint: 'http://127.0.0.1:1/introspect' });
  expect(await world.outcome(OPAQUE, nobody)).toBe('introspection_unavailable');
  expect(world.server.fetches).toBe(0);
});

test('whoever runs out of time gets a fault; the answer serves the next', async () => {
  await using world = await sample();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.asked.gate = promise;
  world.asked.body = reply();
  expect(await world.prove(OPAQUE, world.asking(), 20)).toMatchObject({ reason: 'deadline_exceeded' });
  resolve();
  await expect.poll(() => world.remembered.size).toBe(1);
  expect(world.prove(OPAQUE, world.asking())).toMatchObject({ kind: 'proved' });
  expect(world.asked.fetches).toBe(1);
  expect(world.admission.held).toEqual({ introspect: 0, wait: 0, prove: 0 });
});

test('one request for all who ask about a token at the same time, each with leave to wait', async () => {
  await using world = await sample();
  const { promise, resolve } = Promise.withResolvers<void>();
  world.asked.gate = promise;
  world.asked.body = reply();
  const settings = world.asking();
  const waiting = Array.from({ length: 50 }, () => world.outcome(OPAQUE, settings));
  expect(world.admission.held.wait).toBe(50);
  resolve();
  expect(new Set(await Promise.all(waiting))).toEqual(new Set(['proved']));
  expect(world.asked.fetches).toBe(1);
  expect(world.admission.held).toEqual({ introspect: 0, wait: 0, prove: 0 });
});

test.each([
  ['wait', 'limit', 'key_manager_limit_reached'],
  ['introspect', 'limit', 'key_manager_limit_reached'],
  ['introspect', 'breaker', 'introspection_unavailable'],
] as const)('without leave to %s (%s) nobody is asked: %s', async (what, why, reason) => {
  await using world = await sample();
  world.asked.body = reply();
  world.admission.refuse = { [what]: why };
  expect(await world.outcome(OPAQUE, world.asking())).toBe(reason);
  expect(world.asked.fetches).toBe(0);
  expect(world.remembered.size).toBe(0);
  world.admission.refuse = {};
  expect(await world.outcome(OPAQUE, world.asking())).toBe('proved');
});

test('a token that was active when last seen is known to admission; one that was not, is new', async () => {
  await using world = await sample();
  world.asked.body = reply();
  const settings = world.asking({ ttlMs: 1_000 });
  await world.prove(OPAQUE, settings);
  world.now += 1_000;
  await world.prove(OPAQUE, settings);
  await world.prove('another', settings);
  expect(world.admission.introspected).toEqual(['new', 'known', 'new']);
});

test('an active reply is kept for its time, and never beyond the token’s', async () => {
  await using world = await sample();
  world.asked.body = reply({ exp: NOW + 20 });
  await world.prove(OPAQUE, world.asking());
  world.asked.body = reply();
  await world.prove('another', world.asking());
  expect([...world.remembered.values()].map(({ expiresAtMs }) => expiresAtMs)).toEqual([
    NOW_MS + 20_000,
    NOW_MS + 60_000,
  ]);
  world.asked.body = '{"active":false}';
  world.now += 20_000;
  expect(await world.outcome(OPAQUE, world.asking())).toBe('token_inactive');
  expect(await world.outcome('another', world.asking())).toBe('proved');
  world.now += 40_000;
  expect(await world.outcome('another', world.asking())).toBe('token_inactive');
});

test('a time of nothing keeps nothing: every request asks', async () => {
  await using world = await sample();
  world.asked.body = reply();
  const settings = world.asking({ ttlMs: 0 });
  expect([await world.outcome(OPAQUE, settings), await world.outcome(OPAQUE, settings)]).toEqual(['proved', 'proved']);
  expect(world.asked.fetches).toBe(2);
});

test('an inactive token is remembered for a short time only', async () => {
  await using world = await sample();
  world.asked.body = '{"active":false}';
  await world.prove(OPAQUE, world.asking());
  expect(world.prove(OPAQUE, world.asking())).toMatchObject({ kind: 'refused', reason: 'token_inactive' });
  world.asked.body = reply();
  world.now += 10_000;
  expect(await world.outcome(OPAQUE, world.asking())).toBe('proved');
});

test('a key manager without an endpoint proves no opaque token', async () => {
  await using world = await sample();
  expect(world.prove(OPAQUE, world.settings())).toMatchObject({ reason: 'opaque_token_unsupported' });
});

const authorization = async (auth: Introspection['auth'], headers = {}) => {
  const world = await sample();
  await using _world = world;
  world.asked.body = reply();
  expect(await world.outcome(OPAQUE, world.asking({ auth, headers }))).toBe('proved');
  const {
    token: _token,
    token_type_hint: _hint,
    ...form
  } = Object.fromEntries(new URLSearchParams(world.asked.lastBody));
  return { header: world.asked.lastHeaders['authorization'], form, headers: world.asked.lastHeaders };
};
const basic = (text: string) => `Basic ${Buffer.from(text).toString('base64')}`;

test('client_secret_basic is form-encoded, or raw where the server wants that', async () => {
  const client = { kind: 'client_secret_basic', clientId: 'a:b', clientSecret: 'p@ss+1' } as const;
  const encoded = await authorization({ ...client, encoding: 'rfc' });
  expect(encoded).toMatchObject({ header: basic('a%3Ab:p%40ss%2B1'), form: {} });
  expect(await authorization({ ...client, encoding: 'raw' })).toMatchObject({ header: basic('a:b:p@ss+1'), form: {} });
});

test('client_secret_post, tls_client_auth and none put into the form what they have', async () => {
  const post = { kind: 'client_secret_post', clientId: 'gw', clientSecret: 's' } as const;
  expect(await authorization(post)).toMatchObject({ header: undefined, form: { client_id: 'gw', client_secret: 's' } });
  expect(await authorization({ kind: 'tls_client_auth', clientId: 'gw' })).toMatchObject({
    header: undefined,
    form: { client_id: 'gw' },
  });
  expect((await authorization({ kind: 'none', clientId: 'gw' })).form).toEqual({ client_id: 'gw' });
  expect((await authorization({ kind: 'none', clientId: null })).form).toEqual({});
});

test('a bearer token and own headers are sent as they are', async () => {
  expect(await authorization({ kind: 'bearer', token: 'b.e-a~r' }, { 'X-WSO2-Tenant': 'carbon.super' })).toMatchObject({
    header: 'Bearer b.e-a~r',
    form: {},
    headers: { 'x-wso2-tenant': 'carbon.super' },
  });
  const own = await authorization({ kind: 'none', clientId: null }, { Authorization: 'SSWS key' });
  expect(own.header).toBe('SSWS key');
});

test.each(['RS256', 'PS256', 'ES256', 'EdDSA'])('private_key_jwt signs an assertion with %s', async (alg) => {
  const pair =
    alg === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : alg === 'EdDSA'
        ? generateKeyPairSync('ed25519')
        : generateKeyPairSync('rsa', { modulusLength: 2048 });
  const privateKey = String(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }));
  const auth = { kind: 'private_key_jwt', clientId: 'gw', privateKey, alg, kid: 'key-1', audience: ISSUER } as const;
  const { form, header } = await authorization(auth);
  expect(header).toBeUndefined();
  expect(form).toMatchObject({
    client_id: 'gw',
    client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
  });
  const [head = '', body = '', signature = ''] = (form['client_assertion'] ?? '').split('.');
  const read = (part: string) => JSON.parse(Buffer.from(part, 'base64url').toString());
  expect(read(head)).toEqual({ alg, kid: 'key-1', typ: 'JWT' });
  const payload = read(body);
  expect(payload).toMatchObject({ iss: 'gw', sub: 'gw', aud: ISSUER, iat: NOW, exp: NOW + 60 });
  expect(payload.jti).toMatch(/^.{16,}$/);
  const options = { key: pair.publicKey, dsaEncoding: 'ieee-p1363' as const };
  const pss = alg === 'PS256' ? { padding: 6, saltLength: 32 } : {};
  const hash = alg === 'EdDSA' ? null : 'sha256';
  expect(
    verify(hash, Buffer.from(`${head}.${body}`), { ...options, ...pss }, Buffer.from(signature, 'base64url')),
  ).toBe(true);
});

test('a client key that cannot be used is a fault that holds nothing of it', async () => {
  await using world = await sample();
  const auth = {
    kind: 'private_key_jwt',
    clientId: 'gw',
    privateKey: 'secret',
    alg: 'RS256',
    kid: null,
    audience: 'a',
  };
  const decision = await world.prove(OPAQUE, world.asking({ auth } as Partial<Introspection>));
  expect(decision).toMatchObject({ reason: 'introspection_unavailable', evidence: { problem: 'client_key_unusable' } });
  expect(JSON.stringify(decision)).not.toContain('"secret"');
});

test('no refusal repeats the token, the secret or the reply', async () => {
  await using world = await sample();
  for (const body of [reply({ exp: 1, iat: 0 }), '{"active":false}', 'canary', reply({ token_type: 'canary' })]) {
    world.asked.body = body;
    world.now += 60_000;
    const told = JSON.stringify(await world.prove(OPAQUE, world.asking()));
    for (const secret of [OPAQUE, 's3cret', 'canary']) expect(told).not.toContain(secret);
  }
});

const both = (world: ProverSample, changes = {}) =>
  world.settings({ selfValidateJwt: false, introspection: world.introspection(), ...changes });

test('a JWT of a key manager with keys is verified too: the reply alone does not let a forged one in', async () => {
  await using world = await sample();
  world.asked.body = reply({ iss: ISSUER });
  expect(await world.outcome(signToken(stranger), both(world))).toBe('signature_invalid');
  expect(await world.outcome(signToken(key, claims(), { alg: 'none' }), both(world))).toBe('algorithm_not_allowed');
  expect(world.asked.fetches).toBe(0);
  const good = await world.prove(signToken(key), both(world));
  expect(good).toMatchObject({ kind: 'proved', facts: { consumerKey: 'client-1', keyId: 'k1' } });
  expect(good).toHaveProperty('facts.keyThumbprint', expect.any(String));
});

test('a JWT whose key set cannot be had is a fault, though the endpoint answers', async () => {
  await using world = await sample();
  world.asked.body = reply();
  world.server.status = 500;
  expect(await world.outcome(signToken(key), both(world))).toBe('key_set_unavailable');
  expect(world.asked.fetches).toBe(0);
});

test('what was proved by key and reply counts only while the key is in the set', async () => {
  await using world = await sample();
  world.asked.body = reply();
  const text = signToken(key);
  await world.prove(text, both(world));
  expect(world.prove(text, both(world))).toMatchObject({ kind: 'proved' });
  world.server.body = jwks(es256Key('k2'));
  world.now += 5_000;
  await world.outcome(signToken(key, claims(), { kid: 'new' }), both(world));
  expect(await world.outcome(text, both(world))).not.toBe('proved');
});

test.each([
  ['another client', { client_id: 'client-2' }, 'client_ambiguous'],
  ['another subject', { sub: 'bob' }, 'claims_malformed'],
  ['another jti', { jti: 'x' }, 'claims_malformed'],
  ['another certificate', { cnf: { 'x5t#S256': 'B'.repeat(43) } }, 'sender_constrained_unsupported'],
])('a JWT and a reply that states %s disagree', async (_what, changes, reason) => {
  await using world = await sample();
  world.asked.body = reply(changes);
  const text = signToken(key, claims({ jti: 'j', cnf: { 'x5t#S256': 'A'.repeat(43) } }));
  expect(await world.outcome(text, both(world))).toBe(reason);
});

test('what the reply leaves open is the JWT’s, the shorter life counts, and no sender constraint is lost', async () => {
  await using world = await sample();
  world.asked.body = JSON.stringify({ active: true, scope: 'admin', exp: NOW + 30 });
  const cnf = { 'x5t#S256': 'A'.repeat(43) };
  expect(await world.prove(signToken(key, claims({ aud: 'api', cnf })), both(world))).toMatchObject({
    facts: {
      ...{ consumerKey: 'client-1', subject: 'alice', scopes: ['admin'], audiences: ['api'], expiresAt: NOW + 30 },
      certificateThumbprint: 'A'.repeat(43),
    },
  });
  world.asked.body = '{"active":true}';
  expect(await world.prove(signToken(key, claims({ jti: '2' })), both(world))).toMatchObject({
    facts: { scopes: ['read', 'write'], expiresAt: NOW + 600, issuedAt: NOW - 60 },
  });
});

test('the user of a reply without `sub` is its `username`; of a JWT, its own `sub` goes first', async () => {
  await using world = await sample();
  world.asked.body = reply({ sub: undefined, username: 'alice@carbon.super' });
  expect(await world.prove(OPAQUE, world.asking())).toMatchObject({ facts: { subject: 'alice@carbon.super' } });
  expect(await world.prove(signToken(key), both(world))).toMatchObject({ facts: { subject: 'alice' } });
  const nameless = signToken(key, claims({ sub: undefined }));
  expect(await world.prove(nameless, both(world))).toMatchObject({ facts: { subject: 'alice@carbon.super' } });
  world.asked.body = reply({ username: 'a\nb' });
  expect(await world.outcome('another', world.asking())).toBe('claims_malformed');
});

test('a JWT of a key manager without keys rests on the reply, and is still read', async () => {
  await using world = await sample();
  world.asked.body = reply();
  const settings = world.asking();
  expect(await world.outcome(signToken(stranger), settings)).toBe('proved');
  const hmac = signToken(stranger, claims({ jti: 'h' }), { alg: 'HS256' });
  expect(await world.prove(hmac, settings)).toMatchObject({ facts: { keyId: undefined, keyThumbprint: undefined } });
  const asked = world.asked.fetches;
  for (const [text, reason] of [
    [signToken(stranger, claims(), { alg: 'nOnE' }), 'algorithm_not_allowed'],
    [signToken(stranger, claims({ exp: NOW - 60, iat: NOW - 90 })), 'token_expired'],
    [signToken(stranger, claims({ iss: 'https://evil.example/' })), 'issuer_unknown'],
    [signToken(stranger, claims({ cnf: { jkt: 'x' } })), 'sender_constrained_unsupported'],
    [signToken(stranger, claims(), { typ: 'logout+jwt' }), 'token_type_refused'],
  ] as const)
    expect(await world.outcome(text, settings)).toBe(reason);
  expect(world.asked.fetches).toBe(asked);
});

test('a JWE and other dotted tokens are asked for like any opaque token', async () => {
  await using world = await sample();
  world.asked.body = reply();
  for (const text of ['a.b.c.d.e', 'ya29.abc', 'eyJhbGciOiJkaXIifQ..aa.bb.cc'])
    expect(await world.outcome(text, world.asking())).toBe('proved');
});
