// What is taken out of a document as a secret, what stays legible, and how secrets find their place again.

import { describe, expect, test } from 'vitest';
import { joinSecrets, maskedPointers, SECRET_MASK, splitSecrets } from '../../../src/domain/secret-fields.ts';

const masked = (document: unknown, isSecretName?: (name: string) => boolean) =>
  splitSecrets(document, isSecretName).masked;

describe('a value is a secret', () => {
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
    expect(masked({ deep: [{ [name]: 'hunter2' }] })).toEqual({ deep: [{ [name]: SECRET_MASK }] });
  });

  test('that is a number, a list or an object under such a name', () => {
    const document = { pin: 1234, keys: ['a'], auth: { user: 'a' } };
    expect(masked(document)).toEqual({ pin: SECRET_MASK, keys: SECRET_MASK, auth: SECRET_MASK });
  });

  test('that is a private key, whatever its name', () => {
    const pem = '-----BEGIN EC PRIVATE KEY-----\nhunter2\n-----END EC PRIVATE KEY-----\n';
    expect(masked({ certificate: `-----BEGIN CERTIFICATE-----\n${pem}` })).toEqual({ certificate: SECRET_MASK });
  });

  test('under a name that the caller knows for one', () => {
    expect(masked({ Thing: 'hunter2', other: 'shown' }, (name) => name === 'Thing')).toEqual({
      Thing: SECRET_MASK,
      other: 'shown',
    });
  });

  test('that is a URL with a user, or a text with one in it', () => {
    const texts = ['https://ann:hunter2@a.example/x', 'see //ann:hun@ter2@b.example'];
    expect(masked(texts)).toEqual([SECRET_MASK, SECRET_MASK]);
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
  expect(splitSecrets({ [name]: 'shown' })).toEqual({ masked: { [name]: 'shown' }, secrets: {} });
});

test('switches, empty texts and what is not there are no secrets', () => {
  const document = { enable_token_hash: false, client_secret: '', token: null, secret: undefined };
  expect(splitSecrets(document)).toEqual({ masked: document, secrets: {} });
});

test('an address with an @ after its host is shown as it is', () => {
  const texts = ['https://a.example/users/ann@b.example', 'https://a.example?mail=ann@b.example', 'ann@b.example'];
  expect(masked(texts)).toEqual(texts);
});

test('secrets come back to their places, and a mask that was given is no secret', () => {
  const document = { a: [{ 'x/y~z': { client_secret: 'hunter2' } }], pin: 7, token: SECRET_MASK };
  const { masked: shown, secrets } = splitSecrets(document);
  expect(secrets).toEqual({ '/a/0/x~1y~0z/client_secret': '"hunter2"', '/pin': '7' });
  expect(maskedPointers(shown)).toEqual(['/a/0/x~1y~0z/client_secret', '/pin', '/token']);
  expect(joinSecrets(shown, secrets)).toEqual(document);
  expect(joinSecrets({ a: 'other', pin: SECRET_MASK }, secrets)).toEqual({ a: 'other', pin: 7 });
});

// Minutes where the time grows with the square of the length, which is what the limit is for.
test('long texts take time in proportion to their length', { timeout: 30_000 }, () => {
  const length = 1_000_000;
  const texts = ['a', '/', '//', 'a:', '://', '//a', '@', '//@', 'pass', '-----'].map((part) => part.repeat(length));
  const names = Object.fromEntries(texts.map((text, index) => [`${text}${index}`, 'shown']));
  expect(masked(texts)).toHaveLength(texts.length);
  expect(Object.keys(masked(names) as object)).toHaveLength(texts.length);
});
