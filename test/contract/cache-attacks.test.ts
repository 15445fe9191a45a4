// Remembered proofs: never another API's, another key manager's, another fleet's or yesterday's answer.

import { afterEach, beforeEach, expect, test } from 'vitest';
import type { RevocationSubject } from '../../src/domain/revocation.ts';
import { sampleResource } from '../unit/domain/catalog-samples.ts';
import { base64url, jwks, NOW } from '../unit/tokens/token-sample.ts';
import { AttackWorld, COOLDOWN_MS, ISSUER_B, sha256 } from './attack-world.ts';

let world: AttackWorld;
beforeEach(async () => {
  world = await AttackWorld.start();
});
afterEach(() => world[Symbol.asyncDispose]());

test('A17: one token, every door: what the first one answered is not the next one’s answer', async () => {
  const token = world.token();
  const table = async () =>
    Object.fromEntries(
      await Promise.all(
        ['/a/menu', '/b/menu', '/c/menu', '/d/menu', '/scoped/menu', '/scoped/open', '/audience/menu'].map(
          async (path) => [path, await world.outcome(token, path)] as const,
        ),
      ),
    );
  const expected = {
    ...{ '/a/menu': 'allowed', '/b/menu': 'key_manager_not_allowed', '/c/menu': 'key_manager_not_allowed' },
    ...{ '/d/menu': 'key_manager_not_allowed', '/scoped/menu': 'scope_missing', '/scoped/open': 'allowed' },
    '/audience/menu': 'audience_not_accepted',
  };
  expect(await table()).toEqual(expected);
  expect(await table()).toEqual(expected);
  expect(await world.outcome(token, '/scoped/menu', { method: 'POST' })).toBe('allowed');
  expect(await world.outcome(token, '/scoped/menu', { method: 'PUT' })).toBe('verb_not_allowed');
  expect(await world.outcome(token, '/a/menu', { environment: 'SANDBOX' })).toBe('key_type_not_for_environment');
});

test('A17: a remembered proof is bound to the certificate that each request brings', async () => {
  const token = world.token({ cnf: { 'x5t#S256': 'A'.repeat(43) } });
  const withCertificate = (thumbprint: string | undefined) =>
    world.outcome(token, '/a/menu', { peerCertificateThumbprint: () => thumbprint });
  expect(await withCertificate('A'.repeat(43))).toBe('allowed');
  expect(await withCertificate('B'.repeat(43))).toBe('certificate_mismatch');
  expect(await withCertificate(undefined)).toBe('sender_constrained_unsupported');
  expect(await withCertificate('A'.repeat(43))).toBe('allowed');
});

test('A17: an opaque token that spells a JWT’s name is another token', async () => {
  expect(await world.outcome('opaque|km-a', '/c/menu')).toBe('token_malformed');
  expect(await world.outcome('opaque-token-of-c', '/c/menu')).toBe('allowed');
  expect(await world.outcome(sha256(world.token()), '/a/menu')).toBe('opaque_token_unsupported');
});

test('A17: an answer that another wrote into the shared store under the right name still needs the key', async () => {
  const token = world.token({ sub: 'victim' });
  await world.outcome(token);
  world.shared.tamper(({ decision }) => {
    Object.assign(decision['facts'] as object, { consumerKey: 'client-1', scopes: ['admin'], keyThumbprint: 'x' });
  });
  expect(await world.outcome(token, '/scoped/menu', {}, world.prover())).toBe('scope_missing');
});

test('A17: an answer copied under another token’s name is another key manager’s, or has another key', async () => {
  const [a, b] = [world.token(), world.token({ iss: ISSUER_B }, {}, world.keyB)];
  await world.outcome(a);
  await world.outcome(b, '/b/menu');
  const [first, second] = [...world.shared.entries.keys()];
  const [ofA, ofB] = [...world.shared.entries.values()];
  world.shared.entries.set(first ?? '', ofB ?? '').set(second ?? '', ofA ?? '');
  const process = world.prover();
  world.revoked = ({ keyManagerId, apiOrganization }) => keyManagerId !== 'km-a' && apiOrganization === '';
  expect(await world.decide(a, '/a/menu', {}, process)).toMatchObject({ known: { token: { keyManagerId: 'km-a' } } });
  expect(await world.decide(b, '/b/menu', {}, process)).toMatchObject({ known: { token: { keyManagerId: 'km-b' } } });
});

/** Every way to take an allow back; the very next request must be refused. */
const withdrawals: [what: string, withdraw: (w: AttackWorld) => void, reason: string][] = [
  ...(
    [
      ['jti', ({ jti }) => jti === 'j-1'],
      ['consumer key', ({ consumerKey }) => consumerKey === 'client-1'],
      ['subject', ({ subject }) => subject === 'alice'],
      ['kid', ({ keyId }) => keyId === 'k1'],
      ['key', ({ keyThumbprint }) => keyThumbprint !== undefined],
      ['key manager', ({ keyManagerId }) => keyManagerId === 'km-a'],
      ['hash', ({ tokenHash }) => tokenHash().length === 64],
    ] satisfies [string, (subject: RevocationSubject) => boolean][]
  ).map(([what, hits]): (typeof withdrawals)[number] => [
    `the token is revoked by ${what}`,
    (w) => Object.assign(w, { revoked: hits }),
    'token_revoked',
  ]),
  [
    'the subscription is blocked',
    (w) => Object.assign(w, { subscription: w.subscription && { ...w.subscription, state: 'BLOCKED' } }),
    'subscription_blocked',
  ],
  ['the subscription is removed', (w) => Object.assign(w, { subscription: null }), 'subscription_not_found'],
  [
    'the API no longer lists the key manager',
    (w) => w.changeApi('a', { keyManagers: ['km-b'] }),
    'key_manager_not_allowed',
  ],
  ['the key manager is disabled', (w) => w.changeKeyManager('km-a', { enabled: false }), 'key_manager_disabled'],
  [
    'the key manager is deleted',
    (w) => {
      w.keyManagers = w.keyManagers.filter(({ id }) => id !== 'km-a');
      w.changed();
    },
    'issuer_unknown',
  ],
  [
    'the key manager is EXCHANGED only',
    (w) => w.changeKeyManager('km-a', { tokenType: 'EXCHANGED' }),
    'issuer_unknown',
  ],
  [
    'its issuer is corrected',
    (w) => w.changeKeyManager('km-a', { issuers: ['https://other.example'] }),
    'issuer_unknown',
  ],
  [
    'it accepts another algorithm only',
    (w) => w.changeKeyManager('km-a', { algorithms: ['RS256'] }),
    'algorithm_not_allowed',
  ],
  ['it asks for an audience', (w) => w.changeKeyManager('km-a', { audiences: ['x'] }), 'key_manager_audience_mismatch'],
  ['it requires a claim', (w) => w.changeKeyManager('km-a', { requiredClaims: ['amr'] }), 'claims_malformed'],
  ['its keys are others', (w) => w.changeKeyManager('km-a', { keys: { kind: 'none' } }), 'key_not_found'],
  [
    'the resource asks for a scope',
    (w) => w.changeApi('a', { resources: [sampleResource({ scopes: ['admin'] })] }),
    'scope_missing',
  ],
  ['the API is retired', (w) => w.changeApi('a', { lifecycle: 'RETIRED' }), 'api_not_published'],
  [
    'the token expires',
    (w) => {
      w.now += 631_000;
    },
    'token_expired',
  ],
];

test.each(withdrawals)('A18: allowed and remembered everywhere, and then %s', async (_what, withdraw, reason) => {
  const token = world.token({ jti: 'j-1' });
  const replica = world.prover();
  for (let n = 0; n < 2; n++)
    for (const process of [world.tokens, replica])
      expect(await world.outcome(token, '/a/menu', {}, process)).toBe('allowed');
  withdraw(world);
  for (const process of [world.tokens, replica, world.prover()])
    expect(await world.outcome(token, '/a/menu', {}, process)).toBe(reason);
});

test('A18: a key that is withdrawn takes its remembered proofs along in every process', async () => {
  const token = world.token({ exp: NOW + 80_000 });
  const replica = world.prover();
  for (const process of [world.tokens, replica])
    expect(await world.outcome(token, '/a/menu', {}, process)).toBe('allowed');
  world.a.body = jwks(world.rsaA);
  world.now += COOLDOWN_MS;
  for (const process of [world.tokens, replica]) {
    await world.outcome(world.token({}, { kid: 'unknown' }), '/a/menu', {}, process);
    expect(await world.outcome(token, '/a/menu', {}, process)).not.toBe('allowed');
  }
});

test('A18: a revocation at the issuer is seen when its reply has run out, in every process at the same time', async () => {
  const replica = world.prover();
  expect(await world.outcome('opaque-token', '/c/menu')).toBe('allowed');
  world.now += 50_000;
  expect(await world.outcome('opaque-token', '/c/menu', {}, replica)).toBe('allowed');
  world.c.body = '{"active":false}';
  world.now += 10_000;
  for (const process of [world.tokens, replica])
    expect(await world.outcome('opaque-token', '/c/menu', {}, process)).toBe('token_inactive');
});

test('a payload changed by a byte is another token, remembered or not', async () => {
  const token = world.token();
  await world.outcome(token);
  const [head, , signature] = token.split('.');
  const body = base64url({
    ...JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()),
    scope: 'admin',
  });
  expect(await world.refused(`${head}.${body}.${signature}`)).toBe('signature_invalid');
});
