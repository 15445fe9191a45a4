// What is hidden from those who read a key manager, and what stays legible.

import { describe, expect, test } from 'vitest';
import { MASK, maskSecrets } from '../../../src/admin/mask-secrets.ts';

describe('a value is hidden', () => {
  test.each([
    'passphrase',
    'client_pass',
    'dbPassword',
    'userPwd',
    'hmacKey',
    'hmac',
    'pin',
    'auth',
    'basicAuth',
    'otp',
    'apikey',
    'signing.keys',
    'private_jwk',
    'clientAssertion',
    'sessionCookie',
    'mgmt_client_secret',
    'publicKeyPassphrase',
    'saltedToken',
  ])('under the name %s', (name) => {
    expect(maskSecrets({ deep: [{ [name]: 'hunter2' }] })).toEqual({ deep: [{ [name]: MASK }] });
  });

  test('that is a number, a list or an object under such a name', () => {
    expect(maskSecrets({ pin: 1234, keys: ['a'], auth: { user: 'a' } })).toEqual({ pin: MASK, keys: MASK, auth: MASK });
  });

  test('that is a private key, whatever its name', () => {
    const pem = '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n';
    expect(maskSecrets({ certificate: `-----BEGIN CERTIFICATE-----\n${pem}` })).toEqual({ certificate: MASK });
  });

  test('that a connector asks for, unless it is an identifier or a choice', () => {
    const properties = { Thing: 'hunter2', client_id: 'a', Username: 'b', MutualTLSOptions: 'c', other: 'd' };
    const listed = ['Thing', 'client_id', 'Username', 'MutualTLSOptions'];
    expect(maskSecrets(properties, listed)).toEqual({ ...properties, Thing: MASK });
  });

  test('that is the user part of a URL, in any text and to its last @', () => {
    expect(maskSecrets('see https://ann:hunter2@a.example/x and //ann:hun@ter2@b.example')).toBe(
      `see https://${MASK}@a.example/x and //${MASK}@b.example`,
    );
  });
});

test.each([
  'client_id',
  'publicKey',
  'public_key',
  'consumerKey',
  'consumerKeyClaims',
  'token_endpoint',
  'token_use',
  'tokenName',
  'application_access_token_expiry_time',
  'authority',
  'author',
  'pinning',
  'keyId',
  'audience',
  'certificate',
  'passwordFile',
])('a value under the name %s is shown', (name) => {
  expect(maskSecrets({ [name]: 'shown' })).toEqual({ [name]: 'shown' });
});

test('an address with an @ after its host is shown as it is', () => {
  const texts = ['https://a.example/users/ann@b.example', 'https://a.example?mail=ann@b.example', 'ann@b.example'];
  expect(maskSecrets(texts)).toEqual(texts);
});

// Minutes where the time grows with the square of the length, which is what the limit is for.
test('long texts take time in proportion to their length', { timeout: 30_000 }, () => {
  const length = 1_000_000;
  const texts = ['a', '/', '//', 'a:', '://', '//a', '@', '//@', 'pass', '-----'].map((part) => part.repeat(length));
  const names = Object.fromEntries(texts.map((text, index) => [`${text}${index}`, 'shown']));
  expect(maskSecrets(texts)).toHaveLength(texts.length);
  expect(Object.keys(maskSecrets(names) as object)).toHaveLength(texts.length);
});
