// The JWT for the upstream through a real Envoy: verified with the published keys alone, never a client's own, rotated without a request
// lost, and never larger than it may be.

import { createPublicKey, generateKeyPairSync, verify as verifySignature } from 'node:crypto';
import { createRemoteJWKSet, type JSONWebKeySet, jwtVerify } from 'jose';
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { startGatehouse } from '../rig/gatehouse-process.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';
import { received, type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const HEADER = 'x-jwt-assertion';
const WSO2 = 'http://wso2.org/claims';

/** The one assertion that the upstream got. */
async function assertionOf(stack: Stack, token = stack.token(), headers: readonly (readonly [string, string])[] = []) {
  const reply = await stack.get(MENU, token, headers);
  expect(reply.status).toBe(200);
  const values = valuesOf(received(reply), HEADER);
  expect(values).toHaveLength(1);
  return values[0] ?? '';
}

const verify = (stack: Stack, jwt: string) =>
  jwtVerify(jwt, createRemoteJWKSet(new URL(`${stack.gatehouse.adminUrl}/jwks`)), { issuer: 'wso2.org/products/am' });

describe.each(['RS256', 'ES256'] as const)('signed with %s', (algorithm) => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      settings: {
        upstream: { backendJwt: { enabled: true, algorithm, maxBytes: 2048 }, decisionIdHeader: 'x-decision' },
      },
      editCatalog: ({ keyManagers }) => {
        for (const keyManager of keyManagers)
          keyManager['claimMapping'] = [{ remoteClaim: 'email', localClaim: 'mail' }];
      },
    });
  });
  afterAll(() => stack?.stop());

  test('the upstream can verify who calls with nothing but the published keys', async () => {
    const exp = Math.floor(Date.now() / 1000) + 120;
    const jwt = await assertionOf(stack, stack.token('shop', { email: 'a@b.example', exp }));
    const { payload, protectedHeader } = await verify(stack, jwt);
    expect(protectedHeader).toMatchObject({ alg: algorithm, typ: 'JWT' });
    expect(payload).toMatchObject({
      sub: 'shop',
      azp: 'shop',
      mail: 'a@b.example',
      [`${WSO2}/subscriber`]: 'paula',
      [`${WSO2}/applicationname`]: 'PizzaShack',
      [`${WSO2}/apiname`]: 'Pizza',
      [`${WSO2}/apicontext`]: '/pizza/1.0.0',
      [`${WSO2}/version`]: '1.0.0',
      [`${WSO2}/tier`]: 'Gold',
      [`${WSO2}/keytype`]: 'PRODUCTION',
      [`${WSO2}/usertype`]: 'Application_User',
    });
    expect(payload.exp).toBe(exp);
  });

  test('the same caller gets the same one again, another one another', async () => {
    const token = stack.token();
    const first = await assertionOf(stack, token);
    expect(await assertionOf(stack, token)).toBe(first);
    expect(await assertionOf(stack, stack.token('shop', { jti: 'another' }))).not.toBe(first);
  });

  test.each([
    [HEADER, 'forged'],
    ['X-JWT-Assertion', 'e30.e30.e30'],
    ['x_jwt_assertion', 'forged'],
    ['x-jwt_assertion', 'forged'],
  ])('a client’s own %s never gets through', async (name, value) => {
    const jwt = await assertionOf(stack, stack.token(), [[name, value]]);
    await verify(stack, jwt);
    const open = await stack.get('/pizza/1.0.0/health', undefined, [[name, value]]);
    expect(open.status).toBe(200);
    for (const reply of [open, await stack.get(MENU, stack.token(), [[name, value]])])
      expect(reply.body).not.toContain(value);
  });

  test('one that is too large is a denial of ours, not an error of Envoy’s', async () => {
    const reply = await stack.get(MENU, stack.token('shop', { email: 'x'.repeat(3000) }));
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.body)).toMatchObject({ code: '403' });
    const line = await stack.gatehouse.logged(({ reason }) => reason === 'assertion_too_large');
    expect(line).toMatchObject({ outcome: 'deny', evidence: { limit_bytes: 2048 } });
  });

  test('the client learns the decision’s id, on what passes and what does not', async () => {
    for (const token of [stack.token(), 'junk']) {
      const { headers } = await stack.get(MENU, token);
      expect(headers.filter(([name]) => name === 'x-decision')).toEqual([
        ['x-decision', expect.stringMatching(/^[0-9a-f-]{36}$/)],
      ]);
    }
  });

  test('a rotation rules the next request, and what the old key signed can still be verified', async () => {
    const token = stack.token();
    const before = await assertionOf(stack, token);
    const rotated = await stack.admin('POST', '/backend-jwt-keys');
    expect(rotated.status).toBe(201);
    const after = await assertionOf(stack, token);
    const { protectedHeader } = await verify(stack, after);
    expect(rotated.body).toMatchObject({ kid: protectedHeader.kid, algorithm, retiredAt: null });
    expect((await verify(stack, before)).protectedHeader.kid).not.toBe(protectedHeader.kid);
    const jwks = (await (await fetch(`${stack.gatehouse.adminUrl}/jwks`)).json()) as JSONWebKeySet;
    expect(jwks.keys).toHaveLength(2);
    expect(JSON.stringify(jwks)).not.toMatch(/"(?:d|p|q|dp|dq|qi)":/);
    const listed = await stack.admin('GET', '/backend-jwt-keys');
    expect(listed.body).toMatchObject({ count: 2, list: [{ retiredAt: null }, { retiredAt: expect.any(String) }] });
    const audit = await stack.admin('GET', '/audit');
    const entry = { route: '/backend-jwt-keys', target: protectedHeader.kid, status: 201 };
    expect(audit.body).toMatchObject({ list: expect.arrayContaining([expect.objectContaining(entry)]) });
    // It has written all its lines only when it is gone.
    await stack.gatehouse.stop();
    expect(JSON.stringify([audit.body, stack.gatehouse.log()])).not.toMatch(/PRIVATE KEY/);
  });
});

describe('with keys from settings and WSO2’s base64', () => {
  let stack: Stack;
  beforeAll(async () => {
    const pem = () =>
      generateKeyPairSync('rsa', { modulusLength: 2048 })
        .privateKey.export({ type: 'pkcs8', format: 'pem' })
        .toString();
    stack = await startStack({
      instances: 2,
      envoyFile: 'envoy-two-instances.yaml',
      settings: {
        upstream: {
          backendJwt: {
            enabled: true,
            encoding: 'base64',
            onTooLarge: 'skip',
            maxBytes: 2048,
            keys: [{ env: 'SIGNING_KEY' }, { env: 'FORMER_KEY' }],
          },
        },
      },
      env: { SIGNING_KEY: pem(), FORMER_KEY: pem() },
      editCatalog: ({ keyManagers }) => {
        for (const keyManager of keyManagers)
          keyManager['claimMapping'] = [{ remoteClaim: 'email', localClaim: 'mail' }];
      },
    });
  });
  afterAll(() => stack?.stop());

  test('any of the fleet publishes all keys, whichever signed', async () => {
    const sets = await Promise.all(
      stack.gatehouses.map(async ({ adminUrl }) => (await (await fetch(`${adminUrl}/jwks`)).json()) as JSONWebKeySet),
    );
    expect(sets[0]?.keys).toHaveLength(2);
    expect(sets[1]).toEqual(sets[0]);
    for (let at = 0; at < 6; at++) {
      const jwt = await assertionOf(stack, stack.token('shop', { jti: `t${at}` }));
      const [header = '', payload = '', signature = ''] = jwt.split('.');
      expect(jwt).not.toMatch(/[=_]/);
      const { kid } = JSON.parse(Buffer.from(header, 'base64').toString()) as { kid: string };
      const jwk = sets[0]?.keys.find((key) => key.kid === kid);
      const key = createPublicKey({ key: jwk as never, format: 'jwk' });
      expect(
        verifySignature('sha256', Buffer.from(`${header}.${payload}`), key, Buffer.from(signature, 'base64')),
      ).toBe(true);
    }
  });

  test('they are rotated there, not here', async () => {
    expect((await stack.admin('POST', '/backend-jwt-keys')).status).toBe(409);
  });

  test('one that is too large is left out where settings say so; the client’s own does not take its place', async () => {
    const reply = await stack.get(MENU, stack.token('shop', { email: 'x'.repeat(3000) }), [[HEADER, 'forged']]);
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), HEADER)).toEqual([]);
  });
});

test('where none is signed none is published, and a client’s own is removed all the same', async () => {
  const stack = await startStack({ settings: { upstream: { removeHeaders: [] } } });
  try {
    const reply = await stack.get(MENU, stack.token(), [[HEADER, 'forged']]);
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), HEADER)).toEqual([]);
    const answer = await fetch(`${stack.gatehouse.adminUrl}/jwks`);
    expect([answer.status, await answer.json()]).toEqual([200, { keys: [] }]);
    expect((await stack.admin('POST', '/backend-jwt-keys')).status).toBe(404);
  } finally {
    await stack.stop();
  }
});

test('the same key signs after a restart', async () => {
  const folder = temporaryFolder();
  const first = await startGatehouse({ folder, settings: { upstream: { backendJwt: { enabled: true } } } });
  onTestFinished(async () => void (await first.stop()));
  const keysOf = async (adminUrl: string) => (await fetch(`${adminUrl}/jwks`)).json();
  const keys = await keysOf(first.adminUrl);
  await first.stop();
  const second = await first.again();
  onTestFinished(async () => void (await second.stop()));
  expect(await keysOf(second.adminUrl)).toEqual(keys);
});
