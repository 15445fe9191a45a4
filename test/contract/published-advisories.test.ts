// One test for each published weakness of products like this one that could come back here. The advisory's own way in is walked, and
// ends at a refusal.

import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { base64url, jwks, NOW } from '../unit/tokens/token-sample.ts';
import { AttackWorld, ISSUER_A, ISSUER_B, ISSUER_D, KEYS_ARE_OLD_MS } from './attack-world.ts';

let world: AttackWorld;
beforeEach(async () => {
  world = await AttackWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

const claims = { iss: ISSUER_A, azp: 'client-1', scope: 'read', iat: NOW - 60, exp: NOW + 600 };

test('CVE-2022-29217: a public key in any of its spellings is no HMAC secret', async () => {
  for (const secret of [
    String(world.keyA.publicKey.export({ type: 'spki', format: 'pem' })),
    world.keyA.publicKey.export({ type: 'spki', format: 'der' }),
  ]) {
    const input = `${base64url({ alg: 'HS256', kid: 'k1' })}.${base64url(claims)}`;
    const token = `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
    expect(await world.refused(token)).toBe('algorithm_not_allowed');
  }
});

test('CVE-2022-23539: a key of one kind verifies no algorithm of another', async () => {
  expect(await world.refused(world.token({}, { alg: 'ES256', kid: 'r1' }, world.rsaA))).toBe('key_not_found');
});

test('CVE-2022-23540: without a list of algorithms nothing is accepted, `none` least of all', async () => {
  world.changeKeyManager('km-a', { algorithms: [] });
  expect(await world.refused(`${base64url({ alg: 'none' })}.${base64url(claims)}.AAAA`)).toBe('algorithm_not_allowed');
  expect(await world.refused(world.token())).toBe('algorithm_not_allowed');
});

test('CVE-2022-23541: an RSA key that is fetched later does not become an HMAC secret either', async () => {
  world.a.body = jwks(world.rsaA);
  const input = `${base64url({ alg: 'HS256', kid: 'r1' })}.${base64url(claims)}`;
  const secret = JSON.stringify(world.rsaA.jwk);
  expect(await world.refused(`${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`)).toBe(
    'algorithm_not_allowed',
  );
  expect(world.a.fetches).toBe(0);
});

test('CVE-2022-36083: the iterations that a PBES2 token asks for are not done', async () => {
  const header = { alg: 'PBES2-HS512+A256KW', enc: 'A256GCM', p2c: 2_147_483_647, p2s: 'AAAA' };
  expect(world.decide([base64url(header), 'AA', 'AA', 'AA', 'AA'].join('.'))).toMatchObject({
    reason: 'opaque_token_unsupported',
  });
});

test('CVE-2024-28176: compressed content is not unpacked', async () => {
  expect(world.decide(world.token({}, { zip: 'DEF' }))).toMatchObject({ reason: 'jose_header_refused' });
});

test('GHSA-752w-5fwx-jx9f: a critical extension that is not understood refuses the token', async () => {
  expect(await world.refused(world.token({}, { crit: ['x5t#S512'], 'x5t#S512': 'x' }))).toBe('jose_header_refused');
});

test('CVE-2024-53861: a part of the issuer is not the issuer', async () => {
  for (const iss of [ISSUER_A.slice(0, 9), ISSUER_A.slice(1), '', 'a']) await world.refused(world.token({ iss }));
});

test('CVE-2026-4249: of two members of one name the last does not win', async () => {
  const [head, , signature] = world.token().split('.');
  const body = Buffer.from(`{"azp":"client-2",${JSON.stringify(claims).slice(1, -1)},"azp":"client-1"}`);
  expect(await world.refused(`${head}.${body.toString('base64url')}.${signature}`)).toBe('claims_malformed');
});

test('CVE-2026-33496: what one key manager said of a token is not another’s word', async () => {
  expect(await world.outcome('opaque-token', '/c/menu')).toBe('allowed');
  const asked = world.c.fetches;
  // Another key manager with the same endpoint, and then the same one with other settings.
  const [c] = world.keyManagers.filter(({ id }) => id === 'km-c');
  if (c === undefined) throw new Error('no key manager C');
  world.keyManagers = [...world.keyManagers, { ...c, id: 'km-e', sequence: 9, name: 'E' }];
  world.changeApi('b', { keyManagers: ['km-e'] });
  world.c.body = '{"active":false}';
  expect(await world.outcome('opaque-token', '/b/menu')).toBe('token_inactive');
  expect(world.c.fetches).toBe(asked + 1);
  world.changeKeyManager('km-c', { introspection: { ...(c.introspection as object), requireExp: false } as never });
  expect(await world.outcome('opaque-token', '/c/menu')).toBe('token_inactive');
});

test('CVE-2021-32701 / GHSA-qvp4-rpmr-xwrr: a remembered token is asked for its scopes at every door', async () => {
  const token = world.token({ scope: 'write' });
  expect(await world.outcome(token, '/scoped/menu', { method: 'POST' })).toBe('allowed');
  expect(await world.outcome(token, '/scoped/menu')).toBe('scope_missing');
  world.c.body = JSON.stringify({ active: true, client_id: 'client-1', scope: 'write', exp: NOW + 600 });
  world.changeApi('scoped', { keyManagers: ['km-c'] });
  expect(await world.outcome('opaque-token', '/scoped/menu', { method: 'POST' })).toBe('allowed');
  expect(await world.outcome('opaque-token', '/scoped/menu')).toBe('scope_missing');
});

test('CVE-2025-9973: another organization’s key manager vouches for nobody here', async () => {
  world.changeKeyManager('km-b', { organization: 'other.example' });
  world.changeApi('b', { keyManagers: 'all' });
  expect(await world.refused(world.token({ iss: ISSUER_B }, {}, world.keyB), '/b/menu')).toBe('issuer_unknown');
});

test('CVE-2026-31837: no keys fetched means no keys, not well-known ones', async () => {
  world.a.status = 500;
  expect(await world.outcome(world.token({}, {}, world.attacker))).toBe('key_set_unavailable');
  expect(await world.outcome(world.token())).toBe('key_set_unavailable');
});

test('CVE-2025-64527: a key set that is rubbish, and then gone, takes nobody down', async () => {
  expect(await world.outcome(world.token())).toBe('allowed');
  world.now += KEYS_ARE_OLD_MS;
  world.a.body = '{"keys":[{"kty":"RSA","n":7},{"kty":"EC","crv":{}}]}';
  const later = world.token({ iat: NOW, exp: NOW + 80_000 });
  expect(await world.outcome(later)).toBe('allowed');
  await world.a[Symbol.asyncDispose]();
  world.now += KEYS_ARE_OLD_MS;
  expect(await world.outcome(later)).toBe('allowed');
  await world.a.listen();
});

test('CVE-2021-32777: of two credentials none counts, joined or apart', async () => {
  const [good, bad] = [world.token(), world.token({}, {}, world.attacker)];
  for (const credentials of [
    [`Bearer ${bad}`, `Bearer ${good}`],
    [`Bearer ${bad},Bearer ${good}`],
    [`Bearer ${bad}, ${good}`],
  ])
    expect(await world.outcome(good, '/a/menu', { credentials })).toBe('multiple_credentials');
});

test.each(['CVE-2023-27491', 'CVE-2023-27493'])('%s: no line break of a claim reaches a header', async () => {
  for (const claim of ['sub', 'azp', 'scope', 'jti'])
    expect(await world.refused(world.token({ [claim]: 'x\r\nx-admin: yes' }))).toBe('claims_malformed');
});

test('WSO2-2020-0752: an introspected JWT counts only with a signature of its key manager', async () => {
  const body = { active: true, client_id: 'client-1', scope: 'read', exp: NOW + 600 };
  world.c.body = JSON.stringify(body);
  expect(await world.refused(world.token({ iss: ISSUER_D }, {}, world.attacker), '/d/menu')).toBe('signature_invalid');
});

test('WSO2-2021-1487: whoever has unsubscribed is out with the next request', async () => {
  const token = world.token();
  expect(await world.outcome(token)).toBe('allowed');
  world.subscription = null;
  expect(await world.outcome(token)).toBe('subscription_not_found');
});

test('Authorino 8af297f7: an introspection reply without `active` is a fault, and the next token is served', async () => {
  world.c.body = '{}';
  expect(await world.outcome('opaque-1', '/c/menu')).toBe('introspection_reply_invalid');
  world.c.body = JSON.stringify({ active: true, client_id: 'client-1', exp: NOW + 600 });
  expect(await world.outcome('opaque-2', '/c/menu')).toBe('allowed');
});

test('Authorino d51a4692: time that runs out is a fault, never an allow', async () => {
  world.a.gate = new Promise(() => undefined);
  expect(await world.decide(world.token(), '/a/menu', {}, world.tokens, 10)).toMatchObject({ outcome: 'fault' });
});
