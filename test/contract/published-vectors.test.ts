// All third-party vectors at one glance: how many there are, what becomes of each kind, and one line that says so. What the signature
// stage makes of single ones is shown in test/unit/tokens.

import { afterAll, expect, test } from 'vitest';
import { isRefusal } from '../../src/domain/decision.ts';
import { SIGNATURE_ALGORITHMS } from '../../src/domain/signature-algorithm.ts';
import { importJwks } from '../../src/tokens/keys/import-jwks.ts';
import { importPem } from '../../src/tokens/keys/import-pem.ts';
import { selectKeys } from '../../src/tokens/keys/select-keys.ts';
import { readJson } from '../../src/tokens/reading/read-json.ts';
import { readToken } from '../../src/tokens/reading/read-token.ts';
import { verifySignature } from '../../src/tokens/signature/verify-signature.ts';
import { vectorBytes, vectorJson, vectorNames } from '../unit/tokens/vectors.ts';

const summary: string[] = [];
afterAll(() => process.stdout.write(`vectors: ${summary.join('; ')}\n`));

test('JSONTestSuite: every text that must be taken or refused is, but for the two that repeat a member', () => {
  const names = vectorNames('jsontestsuite/test_parsing').filter((name) => /^[yn]_/.test(name));
  const right = names.filter((name) => {
    const reading = readJson(vectorBytes(`jsontestsuite/test_parsing/${name}`));
    // Stricter on purpose: which of two equal members counts is up to the parser.
    if ('problem' in reading && reading.problem === 'duplicate_member')
      return name.startsWith('y_object_duplicated_key');
    return 'value' in reading === name.startsWith('y_');
  });
  expect([right.length, names.length]).toEqual([283, 283]);
  summary.push(`JSONTestSuite parsing ${right.length}/${names.length}`);
});

test('JSONTestSuite: of the texts that parsers transform none is taken in two ways', () => {
  const names = vectorNames('jsontestsuite/test_transform');
  const outcomes = names.map((name) => {
    const reading = readJson(vectorBytes(`jsontestsuite/test_transform/${name}`));
    return [name, 'problem' in reading ? reading.problem : 'taken'] as const;
  });
  const refused = outcomes.filter(([, outcome]) => outcome !== 'taken');
  for (const [name, outcome] of refused)
    expect([name, outcome]).toEqual([
      name,
      name.startsWith('object_same_key')
        ? 'duplicate_member'
        : expect.stringMatching(/^(ill_formed_string|not_utf8|not_json)$/),
    ]);
  const taken = outcomes.filter(([, outcome]) => outcome === 'taken').map(([name]) => name);
  // Numbers are judged where they are used; the two spellings of one letter (NFC, NFD) are two names.
  expect(taken.filter((name) => !/^number_|^object_key_nf/.test(name))).toEqual(['string_with_escaped_NULL.json']);
  expect(names).toHaveLength(22);
  summary.push(`JSONTestSuite transform 22/22 (${refused.length} refused)`);
});

interface Cookbook {
  readonly input: { readonly key?: Record<string, unknown> };
  readonly signing?: { readonly protected?: Record<string, unknown> };
  readonly output: Readonly<Record<string, unknown>>;
}

const formsOf = (output: Readonly<Record<string, unknown>>) =>
  Object.values(output).map((form) => (typeof form === 'string' ? form : JSON.stringify(form)));

/** Does the signature stage verify it, when all the rest is left out? */
function verifies(text: string, header: Record<string, unknown>, key: Record<string, unknown>): boolean {
  const { d: _d, p: _p, q: _q, dp: _dp, dq: _dq, qi: _qi, ...open } = key;
  const set = importJwks(JSON.stringify({ keys: [open] }));
  if ('problem' in set || !SIGNATURE_ALGORITHMS.has(String(header['alg']))) return false;
  return verifySignature(text, String(header['alg']), selectKeys(set, header)) !== undefined;
}

test('RFC 7520, 7797, 8037: public-key signatures verify; HMACs, detached, unprotected and multiple ones are no tokens', () => {
  const files = [
    ...vectorNames('ietf-jose-cookbook/jws').map((name) => `jws/${name}`),
    ...vectorNames('ietf-jose-cookbook/rfc7797').map((name) => `rfc7797/${name}`),
    'curve25519/jws.json',
  ].filter((name) => name.endsWith('.json'));
  const verified: string[] = [];
  for (const file of files) {
    const { input, signing, output } = vectorJson<Cookbook>(`ietf-jose-cookbook/${file}`);
    for (const form of formsOf(output)) expect(readToken(form)).not.toMatchObject({ kind: 'jwt' });
    const { compact } = output;
    if (typeof compact === 'string' && verifies(compact, { ...signing?.protected }, { ...input.key }))
      verified.push(file);
  }
  expect(files).toHaveLength(11);
  expect(verified.map((file) => file.split('.')[0])).toEqual(['jws/4_1', 'jws/4_2', 'jws/4_3', 'curve25519/jws']);
  summary.push(`JWS ${files.length}/11 (${verified.length} verified)`);
});

test('RFC 7520: an encrypted token is opaque in its compact form and nothing in any other', () => {
  const files = [...vectorNames('ietf-jose-cookbook/jwe').map((name) => `jwe/${name}`), 'curve25519/ecdh-es.json'];
  let opaque = 0;
  for (const file of files)
    for (const form of formsOf(vectorJson<Cookbook>(`ietf-jose-cookbook/${file}`).output)) {
      const token = readToken(form);
      expect(isRefusal(token) || token.kind === 'opaque', file).toBe(true);
      if (!form.startsWith('{') && !isRefusal(token)) opaque++;
    }
  expect([files.length, opaque]).toEqual([14, 10]);
  const nested = vectorJson<{ sign: Cookbook; encrypt: Cookbook }>(
    'ietf-jose-cookbook/6.nesting_signatures_and_encryption.json',
  );
  expect(readToken(String(nested.encrypt.output['compact']))).toMatchObject({ kind: 'opaque' });
  expect(readToken(String(nested.sign.output['compact']))).toMatchObject({ kind: 'jwt' });
  summary.push(`JWE ${files.length + 1}/15`);
});

test('RFC 7520: of the JWKs the public ones alone are keys', () => {
  const names = vectorNames('ietf-jose-cookbook/jwk');
  const usable = names.filter(
    (name) => !('problem' in importJwks(JSON.stringify({ keys: [vectorJson(`ietf-jose-cookbook/jwk/${name}`)] }))),
  );
  expect(usable).toEqual(['3_1.ec_public_key.json', '3_3.rsa_public_key.json']);
  summary.push(`JWK ${names.length}/6`);
});

/** What PyJWT's key files are here: `key`, or why not. */
const KEY_FILES: Readonly<Record<string, string>> = {
  'jwk_ec_key_P-256.json': 'private',
  'jwk_ec_key_P-384.json': 'private',
  'jwk_ec_key_P-521.json': 'private',
  'jwk_ec_key_secp256k1.json': 'private',
  'jwk_ec_pub_P-256.json': 'key',
  'jwk_ec_pub_P-384.json': 'key',
  'jwk_ec_pub_P-521.json': 'key',
  'jwk_ec_pub_secp256k1.json': 'another curve',
  'jwk_empty.json': 'nothing',
  'jwk_hmac.json': 'symmetric',
  'jwk_keyset_only_unknown_alg.json': 'unknown algorithm',
  'jwk_keyset_with_unknown_alg.json': 'key',
  'jwk_okp_key_Ed25519.json': 'private',
  'jwk_okp_key_Ed448.json': 'private',
  'jwk_okp_pub_Ed25519.json': 'key',
  'jwk_okp_pub_Ed448.json': 'another curve',
  'jwk_rsa_key.json': 'private',
  'jwk_rsa_pub.json': 'key',
  'testkey2_rsa.pub.pem': 'key',
  'testkey_ec.priv': 'private',
  'testkey_ec.pub': 'key',
  'testkey_ec_secp192r1.priv': 'private',
  'testkey_ec_ssh.pub': 'ssh',
  testkey_ed25519: 'ssh',
  'testkey_ed25519.pem': 'private',
  'testkey_ed25519.pub': 'ssh',
  'testkey_ed25519.pub.pem': 'key',
  'testkey_pkcs1.pub.pem': '1024 bit',
  'testkey_rsa.cer': 'key',
  'testkey_rsa.priv': 'private',
  'testkey_rsa.pub': 'ssh',
};

test('PyJWT: of its key files the public ones of accepted kinds are keys, and no private or symmetric one is', () => {
  const names = vectorNames('pyjwt/tests/keys').filter((name) => !name.endsWith('.py'));
  expect(names.sort()).toEqual(Object.keys(KEY_FILES).sort());
  const usable = names.filter((name) => {
    const text = vectorBytes(`pyjwt/tests/keys/${name}`).toString('utf8');
    if (!name.endsWith('.json')) return !('problem' in importPem([text]));
    const isSet = text.includes('"keys"');
    return !('problem' in importJwks(isSet ? text : `{"keys":[${text.trim() || 'null'}]}`));
  });
  expect(usable).toEqual(names.filter((name) => KEY_FILES[name] === 'key'));
  summary.push(`PyJWT keys ${names.length}/31 (${usable.length} usable)`);
});
