import { expect, test } from 'vitest';
import { importJwks } from '../../../../src/tokens/keys/import-jwks.ts';
import type { KeySet } from '../../../../src/tokens/keys/key-set.ts';
import { keysOfIssuer, selectKeys } from '../../../../src/tokens/keys/select-keys.ts';
import { ed25519Key, es256Key, rsaKey } from '../token-sample.ts';

const rsa = rsaKey();
const other = rsaKey();
const ec = es256Key();
const ed = ed25519Key();

function set(...keys: Record<string, unknown>[]): KeySet {
  const imported = importJwks(JSON.stringify({ keys }));
  if ('problem' in imported) throw new Error(imported.problem);
  return imported;
}
const kids = (keys: KeySet, header: Record<string, unknown>) => selectKeys(keys, header).map((key) => key.kid);

const mixed = set(
  { ...rsa.jwk, kid: 'a', alg: 'RS256' },
  { ...other.jwk, kid: 'b' },
  { ...ec.jwk, kid: 'c' },
  { ...ed.jwk, kid: 'd', alg: 'EdDSA' },
  { ...other.jwk, kid: 'a', alg: 'PS256' },
);

test.each([
  ['by kid', { alg: 'RS256', kid: 'b' }, ['b']],
  ['by kid and the key’s own alg', { alg: 'RS256', kid: 'a' }, ['a']],
  ['by kind and alg when no key is named', { alg: 'RS256' }, ['a', 'b']],
  ['by the other alg', { alg: 'PS256' }, ['b', 'a']],
  ['by curve', { alg: 'ES256' }, ['c']],
  ['none of another curve', { alg: 'ES384' }, []],
  ['an EdDSA key for Ed25519', { alg: 'Ed25519' }, ['d']],
  ['none of an unknown kid', { alg: 'RS256', kid: 'z' }, []],
  ['none of another kind with the same kid', { alg: 'ES256', kid: 'a' }, []],
  ['none for HS256', { alg: 'HS256', kid: 'a' }, []],
  ['none for none', { alg: 'none' }, []],
  ['none for __proto__', { alg: 'RS256', kid: '__proto__' }, []],
])('chooses %s', (_what, header, expected) => {
  expect(kids(mixed, header)).toEqual(expected);
});

test('keys without a kid stand for any, but only where no key has the name', () => {
  const nameless = set(rsa.jwk, { ...other.jwk, kid: 'b' });
  expect(kids(nameless, { alg: 'RS256', kid: 'b' })).toEqual(['b']);
  expect(kids(nameless, { alg: 'RS256', kid: 'z' })).toEqual([undefined]);
});

test('certificate digests choose where no kid does, SHA-256 before SHA-1', () => {
  const digests = set(
    { ...rsa.jwk, kid: 'a', x5t: '1', 'x5t#S256': '2' },
    { ...other.jwk, kid: 'b', x5t: '3', 'x5t#S256': '4' },
  );
  expect(kids(digests, { alg: 'RS256', x5t: '3' })).toEqual(['b']);
  expect(kids(digests, { alg: 'RS256', x5t: '3', 'x5t#S256': '2' })).toEqual(['a']);
  expect(kids(digests, { alg: 'RS256', x5t: '9' })).toEqual([]);
  expect(kids(digests, { alg: 'RS256', kid: 'a', x5t: '3' })).toEqual(['a']);
});

test('tries sixteen keys at most', () => {
  const many = set(...Array.from({ length: 20 }, (_, n) => ({ ...ec.jwk, kid: `k${n}` })));
  expect(selectKeys(many, { alg: 'ES256' })).toHaveLength(16);
});

test('of a set that serves several issuers only the keys of the token’s issuer count, the tenant filled in', () => {
  const keys = set(
    { ...rsa.jwk, kid: 'all', issuer: 'https://login.example/{tenantid}/v2.0' },
    { ...other.jwk, kid: 'consumers', issuer: 'https://login.example/consumers/v2.0' },
    { ...ec.jwk, kid: 'unsaid' },
  ).keys;
  const of = (issuer: string | undefined, tenant: string | undefined) =>
    keysOfIssuer(keys, { issuer }, tenant).map(({ kid }) => kid);
  expect(of('https://login.example/a/v2.0', 'a')).toEqual(['all', 'unsaid']);
  expect(of('https://login.example/consumers/v2.0', 'consumers')).toEqual(['all', 'consumers', 'unsaid']);
  expect(of('https://login.example/a/v2.0', 'b')).toEqual(['unsaid']);
  expect(of('https://login.example/a/v2.0', undefined)).toEqual(['unsaid']);
  expect(of(undefined, '$&')).toEqual(['unsaid']);
});
