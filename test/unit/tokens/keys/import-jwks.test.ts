import { createHash, generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { importJwks } from '../../../../src/tokens/keys/import-jwks.ts';
import type { KeySet } from '../../../../src/tokens/keys/key-set.ts';
import { ed25519Key, es256Key, jwks, rsaKey } from '../token-sample.ts';
import { vectorBytes, vectorJson, vectorNames } from '../vectors.ts';

const rsa = rsaKey('rsa');
const ec = es256Key('ec');
const modulus = BigInt(`0x${Buffer.from(String(rsa.jwk['n']), 'base64url').toString('hex')}`);
const bytesOf = (number: bigint) => {
  const hex = number.toString(16);
  return Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex').toString('base64url');
};

function imported(text: string): KeySet {
  const set = importJwks(text);
  if ('problem' in set) throw new Error(JSON.stringify(set));
  return set;
}

/** What becomes of one key beside a good one: undefined when it is taken. */
function fate(jwk: unknown): string | undefined {
  const text = JSON.stringify({ keys: [jwk, ec.jwk] });
  expect(imported(text).keys.some((key) => key.kid === 'ec')).toBe(true);
  const alone = importJwks(JSON.stringify({ keys: [jwk] }));
  return 'problem' in alone ? Object.keys(alone.refused)[0] : undefined;
}

test.each([
  ['a key without use and alg', rsa.jwk, undefined],
  ['use sig', { ...rsa.jwk, use: 'sig' }, undefined],
  ['use enc', { ...rsa.jwk, use: 'enc' }, 'not_for_signatures'],
  ['use jwt-svid (SPIFFE)', { ...rsa.jwk, use: 'jwt-svid' }, undefined],
  ['use x509-svid (SPIFFE)', { ...rsa.jwk, use: 'x509-svid' }, 'not_for_signatures'],
  ['an issuer of its own', { ...rsa.jwk, issuer: 'https://login.example/{tenantid}/v2.0' }, undefined],
  ['an endless issuer', { ...rsa.jwk, issuer: 'x'.repeat(3000) }, 'member_too_long'],
  ['key_ops verify', { ...rsa.jwk, key_ops: ['verify'] }, undefined],
  ['key_ops encrypt', { ...rsa.jwk, key_ops: ['encrypt'] }, 'not_for_signatures'],
  ['key_ops that is no list', { ...rsa.jwk, key_ops: 'verify' }, 'not_for_signatures'],
  ['alg of its kind', { ...rsa.jwk, alg: 'PS512' }, undefined],
  ['alg of another kind', { ...rsa.jwk, alg: 'ES256' }, 'unknown_algorithm'],
  ['alg of another curve', { ...ec.jwk, alg: 'ES384' }, 'unknown_algorithm'],
  ['alg for encryption', { ...rsa.jwk, alg: 'RSA-OAEP' }, 'unknown_algorithm'],
  ['alg HS256', { ...rsa.jwk, alg: 'HS256' }, 'unknown_algorithm'],
  ['an Ed25519 key', ed25519Key().jwk, undefined],
  ['an Ed25519 key that calls itself Ed25519', { ...ed25519Key().jwk, alg: 'Ed25519' }, undefined],
  ['a private key', rsa.privateKey.export({ format: 'jwk' }), 'not_a_public_key'],
  ['a symmetric key', { kty: 'oct', k: 'c2VjcmV0' }, 'not_a_public_key'],
  ['an unknown kind', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AA' }, 'unknown_kind'],
  ['an X25519 key', generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }), 'unknown_kind'],
  [
    'secp256k1',
    generateKeyPairSync('ec', { namedCurve: 'secp256k1' }).publicKey.export({ format: 'jwk' }),
    'unknown_kind',
  ],
  ['a point that is not on the curve', { ...ec.jwk, y: ec.jwk['x'] }, 'unknown_kind'],
  ['1024 bits', rsaKey(undefined, 1024).jwk, 'modulus_length'],
  ['2047 bits', { ...rsa.jwk, n: bytesOf(modulus >> 1n) }, 'modulus_length'],
  ['more than 8192 bits', { ...rsa.jwk, n: bytesOf((1n << 8192n) + 1n) }, 'modulus_length'],
  ['exponent 1', { ...rsa.jwk, e: bytesOf(1n) }, 'exponent'],
  ['exponent 3', { ...rsa.jwk, e: bytesOf(3n) }, 'exponent'],
  ['an even exponent', { ...rsa.jwk, e: bytesOf(65_538n) }, 'exponent'],
  ['the longest exponent', { ...rsa.jwk, e: bytesOf(0xffff_ffffn) }, undefined],
  ['a longer exponent', { ...rsa.jwk, e: bytesOf(0x1_0000_0001n) }, 'exponent'],
  ['an exponent of 200 KB', { ...rsa.jwk, e: 'W'.repeat(200_000) }, 'member_too_long'],
  ['a modulus of 200 KB', { ...rsa.jwk, n: 'W'.repeat(200_000) }, 'member_too_long'],
  ['a coordinate of 200 KB', { ...ec.jwk, x: 'W'.repeat(200_000) }, 'member_too_long'],
  ['another coordinate of 200 KB', { ...ec.jwk, y: 'W'.repeat(200_000) }, 'member_too_long'],
  ['an Ed25519 key of 200 KB', { ...ed25519Key().jwk, x: 'W'.repeat(200_000) }, 'member_too_long'],
  ['a kid of 200 KB', { ...rsa.jwk, kid: 'k'.repeat(200_000) }, 'member_too_long'],
  ['a curve of 200 KB', { ...ec.jwk, crv: 'P'.repeat(200_000) }, 'member_too_long'],
  ['a certificate digest of 200 KB', { ...rsa.jwk, 'x5t#S256': 'W'.repeat(200_000) }, 'member_too_long'],
  ['a certificate of 200 KB', { ...rsa.jwk, x5c: ['M'.repeat(200_000)] }, 'member_too_long'],
  ['200 KB in a member of no use here', { ...rsa.jwk, note: 'x'.repeat(200_000) }, undefined],
  ['no exponent', { kty: 'RSA', n: rsa.jwk['n'], e: '' }, 'exponent'],
  ['no modulus', { kty: 'RSA', e: 'AQAB' }, 'unknown_kind'],
  ['a text', 'key', 'not_a_public_key'],
  ['null', null, 'not_a_public_key'],
])('a set with %s keeps its good key', (_what, jwk, refusal) => {
  expect(fate(jwk)).toBe(refusal);
});

test('refuses a modulus with the ROCA fingerprint, and no sound one', () => {
  const primes = [...Array(168).keys()].filter((n) => n > 1 && [...Array(n).keys()].every((d) => d < 2 || n % d !== 0));
  const primorial = primes.reduce((product, prime) => product * BigInt(prime), 1n);
  const power = Array.from({ length: 1234 }).reduce<bigint>((value) => (value * 65_537n) % primorial, 1n);
  const weak = ((1n << 2047n) / primorial + 1n) * primorial + power;
  expect(weak.toString(2)).toHaveLength(2048);
  expect(fate({ ...rsa.jwk, n: bytesOf(weak) })).toBe('roca');
  expect(fate({ ...rsa.jwk, n: bytesOf(weak + 2n * primorial + 2n) })).toBeUndefined();
});

test.each([
  ['no JSON', '<html>down for maintenance</html>', 'not_json'],
  ['a JSON text', '"error"', 'no_keys_array'],
  ['an empty object', '{}', 'no_keys_array'],
  ['null', 'null', 'no_keys_array'],
  ['keys that are no list', '{"keys":{}}', 'no_keys_array'],
  ['only useless keys', jwks({ kty: 'oct', k: 'AA' }), 'no_usable_key'],
  ['101 keys', JSON.stringify({ keys: Array(101).fill(ec.jwk) }), 'too_many_keys'],
])('%s is no key set', (_what, text, problem) => {
  expect(importJwks(text)).toMatchObject({ problem });
});

test('an empty list is a set without keys', () => {
  expect(importJwks('{"keys":[]}')).toMatchObject({ keys: [], thumbprints: new Set() });
});

test('gives each key its RFC 7638 thumbprint, whatever it is called and however its numbers are spelled', () => {
  const padded = Buffer.concat([Buffer.from([0]), Buffer.from(String(rsa.jwk['n']), 'base64url')]).toString(
    'base64url',
  );
  const [first, second] = imported(jwks(rsa, { ...rsa.jwk, kid: 'other', n: padded })).keys;
  const { e, kty, n } = rsa.jwk;
  const expected = createHash('sha256').update(JSON.stringify({ e, kty, n })).digest('base64url');
  expect([first?.thumbprint, second?.thumbprint]).toEqual([expected, expected]);
});

test('knows the thumbprint of RFC 8037 appendix A.3', () => {
  const jwk = { kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' };
  expect(imported(jwks(jwk)).keys[0]?.thumbprint).toBe('kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k');
});

test('the digest of a set tells what is in it, not in which order', () => {
  expect(imported(jwks(rsa, ec)).digest).toBe(imported(jwks(ec, rsa)).digest);
  expect(imported(jwks(rsa)).digest).not.toBe(imported(jwks(rsa, ec)).digest);
  expect(imported(jwks(ec)).digest).not.toBe(imported(jwks({ ...ec.jwk, kid: 'renamed' })).digest);
});

test('computes certificate digests where only x5c is published', () => {
  const { keys } = vectorJson<{ keys: Record<string, unknown>[] }>('pyjwt/tests/keys/jwk_keyset_with_unknown_alg.json');
  const declared = keys[0] ?? {};
  const { x5t: _x5t, 'x5t#S256': _x5tS256, ...bare } = declared;
  const [key, ...others] = imported(JSON.stringify({ keys: [bare, keys[1]] })).keys;
  expect(others).toEqual([]);
  expect(key).toMatchObject({ x5t: declared['x5t'], x5tS256: declared['x5t#S256'] });
});

test("judges PyJWT's keys one by one", () => {
  const names = vectorNames('pyjwt/tests/keys').filter((name) => name.startsWith('jwk_') && !name.includes('keyset'));
  const verdicts = names.map((name) => {
    const set = importJwks(`{"keys":[${vectorBytes(`pyjwt/tests/keys/${name}`).toString('utf8')}]}`);
    return `${name}: ${'problem' in set ? Object.keys(set.refused)[0] : set.keys.length === 0 ? 'empty' : 'taken'}`;
  });
  expect(verdicts).toEqual([
    'jwk_ec_key_P-256.json: not_a_public_key',
    'jwk_ec_key_P-384.json: not_a_public_key',
    'jwk_ec_key_P-521.json: not_a_public_key',
    'jwk_ec_key_secp256k1.json: not_a_public_key',
    'jwk_ec_pub_P-256.json: taken',
    'jwk_ec_pub_P-384.json: taken',
    'jwk_ec_pub_P-521.json: taken',
    'jwk_ec_pub_secp256k1.json: unknown_kind',
    'jwk_empty.json: empty',
    'jwk_hmac.json: not_a_public_key',
    'jwk_okp_key_Ed25519.json: not_a_public_key',
    'jwk_okp_key_Ed448.json: not_a_public_key',
    'jwk_okp_pub_Ed25519.json: taken',
    'jwk_okp_pub_Ed448.json: unknown_kind',
    'jwk_rsa_key.json: not_a_public_key',
    'jwk_rsa_pub.json: taken',
  ]);
  expect(importJwks(JSON.stringify(vectorJson('pyjwt/tests/keys/jwk_keyset_only_unknown_alg.json')))).toMatchObject({
    problem: 'no_usable_key',
  });
});
