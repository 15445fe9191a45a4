// The backend JWT: WSO2's claims under a signature that jose verifies, never longer than the token, one for as long as nothing changes.

import { compactVerify, importJWK, type JWTPayload, jwtVerify } from 'jose';
import { beforeAll, describe, expect, test } from 'vitest';
import type { BackendJwtIssuer, BackendJwtOptions } from '../../../src/backendjwt/backend-jwt-issuer.ts';
import type { SigningKey } from '../../../src/backendjwt/signing-key.ts';
import { isRefusal, type Known } from '../../../src/domain/decision.ts';
import { SUBSCRIBER, sampleFacts } from '../authorize/world-sample.ts';
import { sampleApi } from '../domain/catalog-samples.ts';
import { NOW, NOW_MS, sampleIssuer, sampleKey, sampleKnown } from './backend-jwt-sample.ts';

let key: SigningKey;
beforeAll(async () => {
  key = await sampleKey();
});

const issue = (issuer: BackendJwtIssuer, known: Known = sampleKnown(), nowMs = NOW_MS): string => {
  const jwt = issuer.assertionFor(known, nowMs);
  if (typeof jwt !== 'string') throw new Error(`no JWT: ${JSON.stringify(jwt)}`);
  return jwt;
};
const payloadOf = (jwt: string) =>
  JSON.parse(Buffer.from(jwt.split('.')[1] ?? '', 'base64url').toString()) as JWTPayload;
const application = SUBSCRIBER.application as NonNullable<Known['application']>;
const subscription = SUBSCRIBER.subscription as NonNullable<Known['subscription']>;

describe('says', () => {
  test('what WSO2’s gateway says, in its names', async () => {
    const known = sampleKnown({ application: { ...application, attributes: { region: 'eu' } } });
    const { payload, protectedHeader } = await jwtVerify(
      issue(sampleIssuer(key), known),
      await importJWK(key.publicJwk, 'ES256'),
      { currentDate: new Date(NOW_MS) },
    );
    expect(protectedHeader).toEqual({ typ: 'JWT', alg: 'ES256', kid: key.id });
    expect(payload).toEqual({
      iss: 'wso2.org/products/am',
      sub: 'alice',
      iat: NOW,
      exp: NOW + 900,
      jti: 'id-1',
      organizations: ['carbon.super'],
      azp: 'client-1',
      scope: 'read',
      'http://wso2.org/claims/subscriber': 'bob',
      'http://wso2.org/claims/applicationid': '2',
      'http://wso2.org/claims/applicationname': 'PizzaShack',
      'http://wso2.org/claims/applicationtier': 'Gold',
      'http://wso2.org/claims/apiname': 'Pizza',
      'http://wso2.org/claims/apicontext': '/pizza/1.0.0',
      'http://wso2.org/claims/version': '1.0.0',
      'http://wso2.org/claims/tier': 'Gold',
      'http://wso2.org/claims/keytype': 'PRODUCTION',
      'http://wso2.org/claims/usertype': 'Application_User',
      'http://wso2.org/claims/enduser': 'alice',
      'http://wso2.org/claims/enduserTenantId': '-1234',
      'http://wso2.org/claims/applicationUUId': 'app-1',
      'http://wso2.org/claims/applicationAttributes': { region: 'eu' },
    });
  });

  test('only what is known, where an API asks for no subscription', () => {
    const { api, keyManager, token, keyType } = sampleKnown();
    const payload = payloadOf(
      issue(sampleIssuer(key), {
        ...(api && { api }),
        ...(keyManager && { keyManager }),
        ...(token && { token }),
        ...(keyType && { keyType }),
      }),
    );
    expect(Object.keys(payload).filter((name) => /application|subscriber|\/tier/.test(name))).toEqual([]);
    expect(payload).toMatchObject({ 'http://wso2.org/claims/apiname': 'Pizza', sub: 'alice' });
  });

  test('the mapped claims of the token, but none in the place of a standard one', () => {
    const claims = {
      mail: '"a@b.example"',
      groups: '["x","y"]',
      iss: '"evil"',
      sub: '"root"',
      aut: '"APPLICATION"',
      'http://wso2.org/claims/subscriber': '"mallory"',
      shoe: '44',
    };
    const issuer = sampleIssuer(key, { excludedClaims: ['shoe'] });
    const payload = payloadOf(issue(issuer, sampleKnown({ token: sampleFacts({ claims }) })));
    expect(payload).toMatchObject({
      mail: 'a@b.example',
      groups: ['x', 'y'],
      iss: 'wso2.org/products/am',
      sub: 'alice',
      'http://wso2.org/claims/subscriber': 'bob',
    });
    expect(payload).not.toHaveProperty('shoe');
    expect(payload).not.toHaveProperty('aut');
  });

  test('another dialect and issuer, where settings say so', () => {
    const payload = payloadOf(issue(sampleIssuer(key, { dialect: 'urn:claims', issuer: 'me' })));
    expect(payload).toMatchObject({ iss: 'me', 'urn:claims/apiname': 'Pizza' });
  });

  test('the owner as the end user of a token without a subject', () => {
    const payload = payloadOf(issue(sampleIssuer(key), sampleKnown({ token: sampleFacts({ subject: undefined }) })));
    expect(payload['http://wso2.org/claims/enduser']).toBe('bob');
    expect(payload).not.toHaveProperty('sub');
  });
});

test.each(['RS256', 'ES256'] as const)(
  'WSO2’s base64 of %s is the standard alphabet without padding, signed as it is sent',
  async (algorithm) => {
    const own = await sampleKey(algorithm);
    // Text that needs both letters in which the alphabets differ.
    const token = sampleFacts({ claims: { odd: JSON.stringify('ÿÿÿ>>>???ÿþý~~~') } });
    const jwt = issue(sampleIssuer(own, { encoding: 'base64' }), sampleKnown({ token }));
    expect(jwt).not.toMatch(/[-_=]/);
    expect(jwt).toMatch(/[+/]/);
    const [header = '', payload = '', signature = ''] = jwt.split('.');
    const { createVerify, createPublicKey } = await import('node:crypto');
    const isGood = createVerify('sha256')
      .update(`${header}.${payload}`)
      .verify(
        { key: createPublicKey({ key: own.publicJwk as never, format: 'jwk' }), dsaEncoding: 'ieee-p1363' },
        Buffer.from(signature, 'base64'),
      );
    expect(isGood).toBe(true);
  },
);

test.each(['RS256', 'ES256'] as const)('%s: jose verifies it with the published key alone', async (algorithm) => {
  const own = await sampleKey(algorithm);
  const { protectedHeader } = await compactVerify(issue(sampleIssuer(own)), await importJWK(own.publicJwk, algorithm));
  expect(protectedHeader.alg).toBe(algorithm);
});

describe('its life', () => {
  test('ends with the token’s at the latest', () => {
    const payload = payloadOf(issue(sampleIssuer(key), sampleKnown({ token: sampleFacts({ expiresAt: NOW + 60.9 }) })));
    expect(payload.exp).toBe(NOW + 60);
  });

  test('is its own where the token lives longer', () => {
    expect(payloadOf(issue(sampleIssuer(key, { ttlSeconds: 30 }))).exp).toBe(NOW + 30);
  });
});

describe('the same one is sent', () => {
  test('for the same decision about the same token, until its last quarter', () => {
    const issuer = sampleIssuer(key);
    const known = sampleKnown();
    const first = issue(issuer, known);
    expect(issue(issuer, { ...known }, NOW_MS + 674_000)).toBe(first);
    expect(issue(issuer, known, NOW_MS + 676_000)).not.toBe(first);
  });

  test('to its end, where it lives as long as its token', () => {
    const issuer = sampleIssuer(key);
    const known = sampleKnown({ token: sampleFacts({ expiresAt: NOW + 60 }) });
    const first = issue(issuer, known);
    expect(issue(issuer, known, NOW_MS + 59_000)).toBe(first);
  });

  test('and after it, as long as clocks may differ: signing anew would change nothing', () => {
    const issuer = sampleIssuer(key);
    const known = sampleKnown({ token: sampleFacts({ expiresAt: NOW - 30 }) });
    const first = issue(issuer, known);
    expect(payloadOf(first)).toMatchObject({ iat: NOW - 30, exp: NOW - 30 });
    expect(issue(issuer, known, NOW_MS + 20_000)).toBe(first);
  });

  const OTHERS: [string, (known: Known) => Known][] = [
    ['another decision about the same token', (known) => ({ ...known, token: { ...sampleFacts() } })],
    ['another API', (known) => ({ ...known, api: sampleApi({ id: 'other' }) })],
    ['an API that was written anew', (known) => ({ ...known, api: sampleApi({ revision: 2 }) })],
    ['another application', (known) => ({ ...known, application: { ...application, id: 'app-2' } })],
    ['an application that was written anew', (known) => ({ ...known, application: { ...application, version: 2 } })],
    [
      'an application of a source that was restored',
      (known) => ({ ...known, application: { ...application, policy: 'Bronze' } }),
    ],
    [
      'other attributes of as many writes',
      (known) => ({ ...known, application: { ...application, attributes: { region: 'us' } } }),
    ],
    [
      'a subscription of a source that was restored',
      (known) => ({ ...known, subscription: { ...subscription, policy: 'Bronze' } }),
    ],
    ['another subscription', (known) => ({ ...known, subscription: { ...subscription, id: 's-2' } })],
    ['a subscription that was written anew', (known) => ({ ...known, subscription: { ...subscription, version: 2 } })],
    ['another key type', (known) => ({ ...known, keyType: 'SANDBOX' })],
  ];
  test.each(OTHERS)('but not for %s', (_, change) => {
    const issuer = sampleIssuer(key);
    const known = sampleKnown();
    const first = issue(issuer, known);
    expect(issue(issuer, change(known))).not.toBe(first);
    expect(issue(issuer, known)).toBe(first);
  });

  test('but not when another key signs', async () => {
    let current = key;
    const issuer = sampleIssuer(key, { currentKey: () => current });
    const known = sampleKnown();
    const first = issue(issuer, known);
    current = await sampleKey();
    const second = issue(issuer, known);
    expect(second).not.toBe(first);
    await compactVerify(second, await importJWK(current.publicJwk, 'ES256'));
  });

  test('within bounds of memory', () => {
    const issuer = sampleIssuer(key, { cacheBytes: 4096 });
    const known = sampleKnown();
    const first = issue(issuer, known);
    for (let at = 0; at < 10; at++) issue(issuer, sampleKnown({ api: sampleApi({ id: `api-${at}` }) }));
    expect(issue(issuer, known)).not.toBe(first);
  });
});

describe('too large', () => {
  const big = sampleKnown({ token: sampleFacts({ claims: { big: JSON.stringify('x'.repeat(9000)) } }) });
  test('is denied, or left out where settings say so; nothing is ever cut', () => {
    const denied = sampleIssuer(key).assertionFor(big, NOW_MS);
    expect(denied).toMatchObject({ outcome: 'deny', reason: 'assertion_too_large' });
    expect(sampleIssuer(key, { onTooLarge: 'skip' }).assertionFor(big, NOW_MS)).toBeUndefined();
  });

  test('counts with its signature', () => {
    const exact = issue(sampleIssuer(key)).length;
    const fits = (maxBytes: number) => typeof sampleIssuer(key, { maxBytes }).assertionFor(sampleKnown(), NOW_MS);
    expect(fits(exact)).toBe('string');
    expect(fits(exact - 1)).toBe('object');
  });

  test('is found out once', () => {
    let asked = 0;
    const prove: BackendJwtOptions['admission']['prove'] = () => ({ kind: 'admitted', done: () => void asked++ });
    const issuer = sampleIssuer(key, { admission: { prove } });
    for (let at = 0; at < 5; at++) expect(isRefusal(issuer.assertionFor(big, NOW_MS))).toBe(true);
    expect(asked).toBe(1);
  });
});

describe('the time that signing takes', () => {
  test('is charged to the key manager, once for each JWT', () => {
    const charged: [string, number | undefined][] = [];
    let ms = 0;
    const issuer = sampleIssuer(key, {
      stopwatch: () => (ms += 5),
      admission: {
        prove: (id) => ({ kind: 'admitted', done: (_outcome, spent) => void charged.push([id, spent]) }),
      },
    });
    const known = sampleKnown();
    for (let at = 0; at < 3; at++) issue(issuer, known);
    expect(charged).toEqual([['km-partner', 5]]);
  });

  test('over its limit is a fault for a new caller; a known one goes on with the JWT it has, as long as that lives', () => {
    let open = true;
    const issuer = sampleIssuer(key, {
      admission: {
        prove: () => (open ? { kind: 'admitted', done: () => undefined } : { kind: 'refused', why: 'limit' }),
      },
    });
    const known = sampleKnown();
    const first = issue(issuer, known);
    open = false;
    expect(issue(issuer, known, NOW_MS + 800_000)).toBe(first);
    expect(issuer.assertionFor(known, NOW_MS + 901_000)).toMatchObject({ reason: 'key_manager_limit_reached' });
    expect(issuer.assertionFor(sampleKnown(), NOW_MS)).toMatchObject({ outcome: 'fault' });
  });
});

test('nothing is said of a caller that nobody vouched for', () => {
  expect(sampleIssuer(key).assertionFor({ api: sampleApi() }, NOW_MS)).toBeUndefined();
});
