import { createPublicKey, X509Certificate } from 'node:crypto';
import { expect, test } from 'vitest';
import { importPem, pemProblem } from '../../../../src/tokens/keys/import-pem.ts';
import { ed25519Key, es256Key, rsaKey } from '../token-sample.ts';
import { vectorBytes } from '../vectors.ts';

const certificate = vectorBytes('pyjwt/tests/keys/testkey_rsa.cer').toString('utf8');
const x509 = new X509Certificate(certificate);
const rsa = rsaKey();
const spki = rsa.publicKey.export({ type: 'spki', format: 'pem' }).toString();
const pkcs1 = rsa.publicKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const der = rsa.publicKey.export({ type: 'spki', format: 'der' });

const thumbprints = (...values: string[]) => {
  const set = importPem(values);
  if ('problem' in set) throw new Error(set.problem);
  return set.keys.map((key) => key.thumbprint);
};
const [ofCertificate] = thumbprints(certificate);
const [ofKey] = thumbprints(spki);

test.each([
  ['PEM text', certificate],
  ['PEM text with Windows line ends', certificate.replaceAll('\n', '\r\n')],
  ['PEM text with line ends written out', certificate.replaceAll('\n', '\\n')],
  ['PEM text in one line', certificate.replaceAll('\n', ' ')],
  ['base64 of PEM text', Buffer.from(certificate).toString('base64')],
  ['base64 of DER', x509.raw.toString('base64')],
  ['base64 of DER in lines', x509.raw.toString('base64').replace(/.{64}/g, '$&\n')],
  ['URL-encoded PEM text', encodeURIComponent(certificate)],
  ['URL-encoded base64 of PEM text', encodeURIComponent(Buffer.from(certificate).toString('base64'))],
])('reads a certificate from %s', (_what, value) => {
  expect(thumbprints(value)).toEqual([ofCertificate]);
});

test.each([
  ['PEM text', spki],
  ['PKCS #1 PEM text', pkcs1],
  ['base64 of PEM text', Buffer.from(spki).toString('base64')],
  ['base64 of DER', der.toString('base64')],
  ['base64url of DER', der.toString('base64url')],
])('reads a bare public key from %s', (_what, value) => {
  expect(thumbprints(value)).toEqual([ofKey]);
});

test('reads several in a row and several values', () => {
  const two = `${certificate}\n${spki}`;
  expect(thumbprints(two)).toEqual([ofCertificate, ofKey]);
  expect(thumbprints(Buffer.from(two).toString('base64'))).toEqual([ofCertificate, ofKey]);
  expect(thumbprints(certificate, spki)).toEqual([ofCertificate, ofKey]);
});

test('a certificate gives its key the digests that tokens name it by', () => {
  const set = importPem([certificate]);
  expect('keys' in set && set.keys[0]).toMatchObject({
    kid: undefined,
    x5tS256: Buffer.from(x509.fingerprint256.replaceAll(':', ''), 'hex').toString('base64url'),
    x5t: Buffer.from(x509.fingerprint.replaceAll(':', ''), 'hex').toString('base64url'),
  });
});

test('reads elliptic curve and Edwards curve keys', () => {
  for (const key of [es256Key(), ed25519Key()])
    expect(pemProblem(key.publicKey.export({ type: 'spki', format: 'pem' }).toString())).toBeUndefined();
});

test('refuses a key whose exponent fills the value', () => {
  const exponent = Buffer.alloc(40_000, 0x5b).toString('base64url');
  const long = createPublicKey({ key: { ...rsa.jwk, e: exponent }, format: 'jwk' });
  expect(pemProblem(long.export({ type: 'spki', format: 'pem' }).toString())).toContain('exponent');
});

test.each([
  ['blocks that are never closed', '-----BEGIN CERTIFICATE-----'],
  ['blocks that are closed under another name', '-----BEGIN A-----END B-----'],
  ['labels that are never closed', '-----BEGIN A'],
])('reads a value full of %s once, and finds nothing', (_what, piece) => {
  expect(pemProblem(piece.repeat(Math.floor(65_536 / piece.length)))).toContain('no PEM');
});

test('takes a value of 64 KiB and not a character more', () => {
  expect(thumbprints(spki.padEnd(65_536, '\n'))).toEqual([ofKey]);
  expect(pemProblem(spki.padEnd(65_537, '\n'))).toContain('longer than 64 KiB');
});

test.each(['testkey2_rsa.pub.pem', 'testkey_ec.pub', 'testkey_ed25519.pub.pem'])("takes PyJWT's %s", (name) => {
  expect(pemProblem(vectorBytes(`pyjwt/tests/keys/${name}`).toString('utf8'))).toBeUndefined();
});

test.each([
  ['testkey_pkcs1.pub.pem', 'modulus_length'],
  ['testkey_ec.priv', 'private key'],
  ['testkey_rsa.priv', 'private key'],
  ['testkey_ed25519', 'private key'],
  ['testkey_ec_secp192r1.priv', 'private key'],
  ['testkey_rsa.pub', 'no PEM'],
  ['testkey_ec_ssh.pub', 'neither'],
  ['testkey_ed25519.pub', 'neither'],
])("refuses PyJWT's %s", (name, problem) => {
  expect(pemProblem(vectorBytes(`pyjwt/tests/keys/${name}`).toString('utf8'))).toContain(problem);
});

test.each([
  ['nothing', '', 'no PEM'],
  ['a word', 'certificate', 'neither'],
  ['broken base64', '-----BEGIN CERTIFICATE-----\n????\n-----END CERTIFICATE-----', 'no PEM'],
  ['a good block beside a bad one', `${spki}\n-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----`, 'neither'],
  [
    'a good block beside a private one',
    `${spki}\n-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----`,
    'private key',
  ],
  ['a bad escape', `%zz${spki.slice(0, 5)}`, 'no PEM'],
])('refuses %s with a sentence', (_what, value, problem) => {
  expect(pemProblem(value)).toContain(problem);
});
