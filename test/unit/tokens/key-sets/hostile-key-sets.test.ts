// What a broken or hostile JWKS endpoint may send, over real servers: the last good keys go on counting, nothing of it becomes a key,
// and it costs little.

import { generateKeyPairSync } from 'node:crypto';
import { createServer, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, onTestFinished, test } from 'vitest';
import { es256Key, jwks, rsaKey } from '../token-sample.ts';
import { HOUR_MS, KeySetSample, remote, startKeyServer } from './key-set-sample.ts';

const good = es256Key('good');
const rsa = rsaKey('evil').jwk;
const ec = es256Key('evil').jwk;
const privateKey = good.privateKey.export({ format: 'jwk' });

/** Fetched while good keys are held: the outcome told, and that the good key still counts. */
async function afterGood(body: string | Buffer, headers: Record<string, string> = {}, status = 200) {
  const server = await startKeyServer(jwks(good));
  const sample = new KeySetSample();
  const settings = remote('km-1', server.url());
  expect(await sample.find('good', settings)).toBe('good');
  Object.assign(server, { body, headers, status });
  sample.now += HOUR_MS;
  expect(await sample.find('good', settings)).toBe('good');
  await expect.poll(() => sample.fetches()).toBe(2);
  return { sample, settings, server, outcome: sample.told[1]?.split(' ')[1] };
}

describe('the last good set goes on counting when the endpoint sends', () => {
  test.each([
    ['nothing', '', {}, 200, 'not_json'],
    ['a log-in page', '<!doctype html><html><body>Log in</body></html>', {}, 200, 'not_json'],
    ['WSO2 IS’s error as a string', '"An error occurred while retrieving the keys"', {}, 200, 'no_keys_array'],
    ['null', 'null', {}, 200, 'no_keys_array'],
    ['an object without keys', '{}', {}, 200, 'no_keys_array'],
    ['a list', '[]', {}, 200, 'no_keys_array'],
    ['keys that are no list', '{"keys":{"0":{}}}', {}, 200, 'no_keys_array'],
    ['keys that are no objects', '{"keys":[1,"a",null,[]]}', {}, 200, 'no_usable_key'],
    ['a truncated document', jwks(good).slice(0, -3), {}, 200, 'not_json'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0xff, 0x7d]), {}, 200, 'not_utf8'],
    ['10 000 keys', jwks(...Array.from({ length: 10_000 }, () => ({ kty: 'x' }))), {}, 200, 'too_many_keys'],
    ['42 MB', Buffer.alloc(42_000_000, '{"keys":[]}'), {}, 200, 'too_large'],
    ['42 MB in chunks', Buffer.alloc(42_000_000, '{"keys":[]}'), { 'transfer-encoding': 'chunked' }, 200, 'too_large'],
    ['a gzip bomb', gzipSync(Buffer.alloc(50_000_000)), { 'content-encoding': 'gzip' }, 200, 'encoding_refused'],
    ['a very deep document', `{"keys":${'['.repeat(200_000)}${']'.repeat(200_000)}}`, {}, 200, 'no_usable_key'],
    ['a symmetric key', jwks({ kty: 'oct', kid: 'evil', k: 'c2VjcmV0' }), {}, 200, 'no_usable_key'],
    ['a private key', jwks({ ...privateKey, kid: 'evil' }), {}, 200, 'no_usable_key'],
    ['exponent 1', jwks({ ...rsa, e: 'AQ' }), {}, 200, 'no_usable_key'],
    ['exponent 3', jwks({ ...rsa, e: 'Aw' }), {}, 200, 'no_usable_key'],
    ['an even exponent', jwks({ ...rsa, e: 'AQAC' }), {}, 200, 'no_usable_key'],
    ['a huge exponent', jwks({ ...rsa, e: rsa['n'] }), {}, 200, 'no_usable_key'],
    ['a modulus of 1024 bits', jwks(rsaKey('evil', 1024)), {}, 200, 'no_usable_key'],
    ['a point that is not on the curve', jwks({ ...ec, y: ec['x'] }), {}, 200, 'no_usable_key'],
    ['an encryption key', jwks({ ...ec, use: 'enc' }), {}, 200, 'no_usable_key'],
    ['a redirect', '', { location: 'http://127.0.0.1:1/' }, 302, 'redirect_refused'],
    ['keys with status 201', jwks(ec), {}, 201, 'status_201'],
    ['keys with status 404', jwks(ec), {}, 404, 'status_404'],
    ['keys with status 500', jwks(ec), {}, 500, 'status_500'],
  ] as const)('%s', async (_what, body, headers, status, expected) => {
    const { sample, settings, outcome } = await afterGood(body, headers, status);
    expect(outcome).toBe(expected);
    expect(sample.holds(good, settings)).toBe(true);
    expect(await sample.find('evil', settings)).toBe('key_set_refreshing');
  });
});

describe('one bad key does not spoil the set', () => {
  test.each([
    ['a string', 'x'],
    ['exponent 1', { ...rsa, e: 'AQ' }],
    ['a symmetric key', { kty: 'oct', kid: 'evil', k: 'AA' }],
    ['an unknown kind', { kty: 'AKP', kid: 'evil', pub: 'AA' }],
    ['a kid that is no string', { ...ec, kid: { toString: 1 } }],
    ['a very long kid', { ...ec, kid: 'x'.repeat(100_000) }],
    ['a key of Object.prototype’s names', JSON.parse('{"__proto__":{"kty":"EC"},"kid":"evil"}')],
  ])('%s', async (_what, bad) => {
    const other = es256Key('other');
    const { sample, settings, outcome } = await afterGood(JSON.stringify({ keys: [bad, other.jwk] }));
    expect(outcome).toBe('ok');
    expect(await sample.find('other', settings)).toBe('other');
  });
});

test('a document that drips in is given up in time, and the good keys count meanwhile', async () => {
  const sockets = new Set<Socket>();
  const dripping = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n{');
    const timer = setInterval(() => socket.write(' '), 50);
    socket.on('close', () => clearInterval(timer));
  });
  await new Promise<void>((done) => dripping.listen(0, '127.0.0.1', done));
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => dripping.close(done));
  });
  const { port } = dripping.address() as { port: number };
  const stored = new Map();
  const settings = remote('km-1', `http://127.0.0.1:${port}/jwks`);
  const sample = new KeySetSample(stored, {}, 1_000);
  stored.set(`km-1 http://127.0.0.1:${port}/jwks`, {
    url: `http://127.0.0.1:${port}/jwks`,
    jwks: jwks(good),
    fetchedAtMs: sample.now - HOUR_MS,
  });
  expect(await sample.find('good', settings)).toBe('good');
  await expect.poll(() => sample.told.filter((line) => !line.endsWith('stale'))).toEqual(['km-1 timeout']);
  expect(await sample.find('good', settings)).toBe('good');
});

describe('rotation', () => {
  const next = es256Key('next');

  test('with an overlap: the new key counts as soon as a token names it, the old one until it is removed', async () => {
    const { sample, settings, server } = await afterGood(jwks(good));
    server.body = jwks(good, next);
    sample.now += 5_000;
    expect(await sample.find('next', settings)).toBe('next');
    expect(await sample.find('good', settings)).toBe('good');
    server.body = jwks(next);
    sample.now += HOUR_MS;
    await sample.find('next', settings);
    await expect.poll(() => sample.holds(good, settings)).toBe(false);
    expect(sample.holds(next, settings)).toBe(true);
  });

  test('a hard cut: the fetch for the new key removes the old one', async () => {
    const { sample, settings, server } = await afterGood(jwks(good));
    server.body = jwks(next);
    sample.now += 5_000;
    expect(await sample.find('next', settings)).toBe('next');
    expect(sample.holds(good, settings)).toBe(false);
  });

  test('a kid used again for another key: after one refresh only the new one counts', async () => {
    const again = es256Key('good');
    const { sample, settings } = await afterGood(jwks(again));
    expect(sample.holds(good, settings)).toBe(false);
    expect(sample.holds(again, settings)).toBe(true);
  });

  test('another kind of key under the old kid: after one refresh the old kind proves nothing', async () => {
    const { publicKey } = generateKeyPairSync('ed25519');
    const { sample, settings } = await afterGood(jwks({ ...publicKey.export({ format: 'jwk' }), kid: 'good' }));
    expect(sample.holds(good, settings)).toBe(false);
    expect(await sample.find('good', settings)).toBe('key_not_found');
  });
});
