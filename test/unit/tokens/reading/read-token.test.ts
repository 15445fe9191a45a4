import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { readToken } from '../../../../src/tokens/reading/read-token.ts';
import { base64url, claims, es256Key, signToken } from '../token-sample.ts';

const key = es256Key('k1');
const good = signToken(key);
const [header = '', payload = '', signature = ''] = good.split('.');
const join = (...parts: readonly string[]) => parts.join('.');
const withHeader = (head: unknown) => join(base64url(head), payload, signature);
const withPayload = (body: unknown) => join(header, base64url(body), signature);

test('takes a well-formed JWT apart and digests its text', () => {
  expect(readToken(good)).toEqual({
    kind: 'jwt',
    text: good,
    hash: createHash('sha256').update(good).digest('hex'),
    header: { alg: 'ES256', kid: 'k1' },
    claims: claims(),
    issuer: 'https://idp.example/',
  });
});

test.each([
  ['one part', 'b9f2c1a0-0f4e-4f0c-9a55-6f2f4fd6a1c3'],
  ['two parts', 'abc.def'],
  ['four parts', `${good}.x`],
  ['five parts (JWE)', join(base64url({ alg: 'RSA-OAEP', enc: 'A128GCM' }), 'a', 'b', 'c', 'd')],
  ['three parts without a JSON head', 'ya29.a0AfH6SM.B-x_y'],
  ['a JSON head that is a list', join(base64url(['ES256']), payload, signature)],
  ['a JSON head without alg', withHeader({ typ: 'JWT' })],
  ['a JSON head with an alg that is no string', withHeader({ alg: ['ES256'] })],
  ['a JSON head whose alg is on the prototype only', withHeader('{"__proto__":{"alg":"ES256"}}')],
  [
    'a head with a byte order mark',
    join(Buffer.from('\ufeff{"alg":"ES256"}').toString('base64url'), payload, signature),
  ],
  ['dots only', '..'],
  ['nothing', ''],
])('reads %s as opaque', (_what, text) => {
  expect(readToken(text)).toMatchObject({ kind: 'opaque', text });
});

const lastBitFlipped = (part: string) => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return part.slice(0, -1) + (alphabet[alphabet.indexOf(part.at(-1) ?? '') ^ 1] ?? '');
};
const oddHeader = base64url('{"alg":"ES256","a":1}  ').replace(/=/g, '');

test.each([
  ['padding', join(header, payload, `${signature}==`)],
  ['padding in the payload', join(header, `${payload}=`, signature)],
  ['unused bits set in the signature', join(header, payload, lastBitFlipped(signature))],
  ['an impossible length', join(header, payload, `${signature}AAA`)],
  ['a space', join(header, payload, `${signature.slice(0, 10)} ${signature.slice(10)}`)],
  ['a line break', join(header, `${payload.slice(0, 8)}\n${payload.slice(8)}`, signature)],
  ['the standard alphabet', join(header, payload, `${signature.slice(0, -2)}+/`)],
  ['a character beyond ASCII', join(header, payload, `${signature}é`)],
  ['an empty signature', join(header, payload, '')],
  ['an empty payload (detached)', join(header, '', signature)],
  ['a misspelled head', join(lastBitFlipped(oddHeader), payload, signature)],
  ['a payload that is no JSON', withPayload('hello')],
  ['a payload that is a list', withPayload('[]')],
  ['a payload that is null', withPayload('null')],
  ['a payload with a byte order mark', withPayload('\ufeff{}')],
  [
    'a payload that is not UTF-8',
    join(header, Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]).toString('base64url'), signature),
  ],
])('refuses %s as malformed', (_what, text) => {
  expect(readToken(text)).toMatchObject({ outcome: 'deny', reason: 'token_malformed' });
});

test('a respelled signature is never a second token: all 64 last characters but one are refused', () => {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  const sameBytes = [...alphabet].filter((character) => {
    const respelled = signature.slice(0, -1) + character;
    return Buffer.from(respelled, 'base64url').equals(Buffer.from(signature, 'base64url'));
  });
  expect(sameBytes.length).toBeGreaterThan(1);
  const taken = sameBytes.filter(
    (character) => 'kind' in readToken(join(header, payload, signature.slice(0, -1) + character)),
  );
  expect(taken).toEqual([signature.at(-1)]);
});

test.each([
  ['crit', { crit: ['exp'] }, 'crit'],
  ['an empty crit', { crit: [] }, 'crit'],
  ['b64 false', { b64: false }, 'b64'],
  ['a b64 that is no boolean', { b64: 0 }, 'b64'],
  ['compression', { zip: 'DEF' }, 'zip'],
  ['a zip in another case', { zip: 'none' }, 'zip'],
  ['a kid that is a number', { kid: 1 }, 'kid'],
  ['a kid that is an object', { kid: {} }, 'kid'],
  ['a kid that is null', { kid: null }, 'kid'],
  ['an empty kid', { kid: '' }, 'kid'],
  ['a kid of 257 characters', { kid: 'k'.repeat(257) }, 'kid'],
  ['a typ that is no string', { typ: 1 }, 'typ'],
])('refuses a header with %s', (_what, members, member) => {
  expect(readToken(withHeader({ alg: 'ES256', ...members }))).toEqual({
    outcome: 'deny',
    reason: 'jose_header_refused',
    evidence: { problem: 'member', member },
  });
});

test.each([
  ['two algs', '{"alg":"none","alg":"ES256"}', 'duplicate_member'],
  ['two kids, one spelled with an escape', '{"alg":"ES256","kid":"a","\\u006bid":"b"}', 'duplicate_member'],
  ['a lone surrogate', '{"alg":"ES256","x":"\\ud800"}', 'ill_formed_string'],
  ['too many levels', `{"alg":"ES256","x":${'['.repeat(40)}${']'.repeat(40)}}`, 'too_deep'],
])('refuses a header with %s', (_what, head, problem) => {
  expect(readToken(withHeader(head))).toMatchObject({ reason: 'jose_header_refused', evidence: { problem } });
});

test.each([
  ['key members that real servers send', { jku: 'https://x', x5u: 'https://x', jwk: { kty: 'oct' }, x5c: ['AA'] }],
  ["ForgeRock's zip NONE", { zip: 'NONE' }],
  ['b64 true', { b64: true }],
  ['a kid with slashes and padding', { kid: 'wU3ifIIaLOUAReRB/FG6eM1P1QM=' }],
  ['a kid of 256 characters', { kid: 'k'.repeat(256) }],
  ['an alg that is judged later', { alg: 'none' }],
])('takes a header with %s', (_what, members) => {
  expect(readToken(withHeader({ alg: 'ES256', ...members }))).toMatchObject({ kind: 'jwt' });
});

test.each([
  ['a duplicate claim', '{"iss":"a","iss":"b"}', 'duplicate_member'],
  ['a duplicate member deep inside', '{"iss":"a","cnf":{"jkt":"1","jkt":"2"}}', 'duplicate_member'],
  ['a lone surrogate', '{"sub":"\\udfff"}', 'ill_formed_string'],
  ['too many levels', `{"a":${'[1,'.repeat(40)}1${']'.repeat(40)}}`, 'too_deep'],
])('refuses a payload with %s', (_what, body, problem) => {
  expect(readToken(withPayload(body))).toMatchObject({ reason: 'claims_malformed', evidence: { problem } });
});

test('has no issuer where iss is no string or only on the prototype', () => {
  expect(readToken(withPayload({ iss: ['a'] }))).toMatchObject({ kind: 'jwt', issuer: undefined });
  expect(readToken(withPayload('{"__proto__":{"iss":"a"}}'))).toMatchObject({ kind: 'jwt', issuer: undefined });
});

test('no refusal repeats any part of the credential', () => {
  for (const text of [
    join(header, payload, `${signature}==`),
    withHeader({ alg: 'ES256', crit: ['x'] }),
    withPayload('[]'),
  ]) {
    const told = JSON.stringify(readToken(text));
    for (const part of text.split('.')) expect(told).not.toContain(part);
  }
});
