// A real `oidc-provider` in a process of its own behind a running Gatehouse and a real Envoy: opaque tokens introspected, JWTs
// validated here, revocation seen.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { received, type Stack, startStack, valuesOf } from '../e2e/stack.ts';
import { eventually } from '../rig/eventually.ts';
import { type OidcProviderServer, startOidcProvider } from '../rig/oidc-provider-server.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
/** Needs a subscription. */
const MENU = '/pizza/1.0.0/menu';
const TTL_SECONDS = 2;
const SHOP = { id: 'shop', secret: 'secret-of-shop' };
const VISITOR = { id: 'visitor', secret: 'secret-of-visitor' };
const STRANGER = { id: 'stranger', secret: 'secret-of-stranger' };
/** Asks about tokens. */
const GATEHOUSE = { id: 'gatehouse', secret: 'secret-of-gatehouse' };

let provider: OidcProviderServer;
let stack: Stack;
beforeAll(async () => {
  provider = await startOidcProvider([SHOP, VISITOR, STRANGER, GATEHOUSE]);
  stack = await startStack({
    settings: { introspection: { ttlSeconds: TTL_SECONDS, refusalTtlSeconds: 1 } },
    editCatalog: ({ keyManagers, apis, applications }) => {
      keyManagers.push(keyManager());
      for (const api of apis) if (api['name'] === 'Pizza') api['keyManagers'] = ['PartnerKM', 'OpaqueKM'];
      for (const { keys } of applications as unknown as { keys: Record<string, unknown>[] }[])
        keys.push({ ...keys[0], keyManager: 'OpaqueKM' });
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await provider?.stop();
});

function keyManager(more: object = {}): Record<string, unknown> {
  const { issuer } = provider;
  return {
    name: 'OpaqueKM',
    type: 'CustomKeyManager',
    issuer,
    certificates: { type: 'JWKS', value: `${issuer}/jwks` },
    tokenEndpoint: `${issuer}/token`,
    revokeEndpoint: `${issuer}/token/revocation`,
    introspectionEndpoint: `${issuer}/token/introspection`,
    // The two claims that the type names; what is written here would be the only one.
    consumerKeyClaim: 'client_id',
    scopesClaim: 'scope',
    enableSelfValidationJWT: true,
    tokenValidation: [{ type: 'REFERENCE', value: '^[A-Za-z0-9_-]{43}$' }],
    additionalProperties: {
      introspection: { method: 'client_secret_basic', clientId: GATEHOUSE.id, clientSecret: GATEHOUSE.secret },
    },
    ...more,
  };
}

async function put(more: object): Promise<void> {
  const { list } = (await stack.admin('GET', KEY_MANAGERS)).body as { list: { id: string; name: string }[] };
  const { id } = list.find(({ name }) => name === 'OpaqueKM') ?? {};
  const reply = await stack.admin('PUT', `${KEY_MANAGERS}/${id}`, keyManager(more));
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
}

const statusOf = async (token: string) => (await stack.get(MENU, token)).status;

test('its discovery document gives a ready form', async () => {
  const url = `${provider.issuer}/.well-known/openid-configuration`;
  const found = await stack.admin('POST', `${KEY_MANAGERS}/discover`, { url, type: 'CustomKeyManager' });
  expect(found.body).toMatchObject({
    valid: true,
    value: {
      issuer: provider.issuer,
      certificates: { type: 'JWKS', value: `${provider.issuer}/jwks` },
      introspectionEndpoint: `${provider.issuer}/token/introspection`,
      revokeEndpoint: `${provider.issuer}/token/revocation`,
    },
  });
});

describe('opaque tokens', () => {
  test('pass for the subscribed client, with what introspection says; another client’s are told apart', async () => {
    const reply = await stack.get(MENU, await provider.token(SHOP, 'opaque'));
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'x-gatehouse-consumer-key')).toEqual(['shop']);
    expect(valuesOf(received(reply), 'x-gatehouse-scopes')).toEqual(['read']);
    expect(await statusOf(await provider.token(VISITOR, 'opaque'))).toBe(403);
    expect(await statusOf(await provider.token(STRANGER, 'opaque'))).toBe(403);
  });

  test('that nobody issued are refused, those of another form are not even asked about', async () => {
    const nobody = 'x'.repeat(43);
    expect(await statusOf(nobody)).toBe(401);
    expect(await statusOf('short')).toBe(401);
    // Records leave together a few milliseconds after the answer.
    await stack.gatehouse.logged(({ reason }) => reason === 'opaque_token_not_claimed');
    const reasons = stack.gatehouse.log().flatMap(({ msg, reason }) => (msg === 'decision' ? [reason] : []));
    expect(reasons.slice(-2)).toEqual(['token_inactive', 'opaque_token_not_claimed']);
  });

  test('revoked there, they stop passing within the TTL', async () => {
    const token = await provider.token(SHOP, 'opaque');
    const other = await provider.token(SHOP, 'opaque');
    for (let at = 0; at < 10; at++) expect(await statusOf(token)).toBe(200);
    await provider.revoke(SHOP, token);
    const revokedAt = performance.now();
    let passed = 0;
    await eventually('the revoked token to be refused', async () => {
      const status = await statusOf(token);
      if (status === 200) passed += 1;
      return status === 401;
    });
    const seconds = (performance.now() - revokedAt) / 1000;
    console.log(
      `a token revoked at oidc-provider was refused after ${seconds.toFixed(1)} s (TTL ${TTL_SECONDS} s), ${passed} requests later`,
    );
    for (let at = 0; at < 10; at++) expect(await statusOf(token)).toBe(401);
    expect(await statusOf(other)).toBe(200);
  });

  test('without a right to ask there is no verdict: 503, never an allow; with it there is, with the next request', async () => {
    const wrong = { method: 'client_secret_basic', clientId: GATEHOUSE.id, clientSecret: 'not-the-secret' };
    await put({ additionalProperties: { introspection: wrong } });
    const token = await provider.token(SHOP, 'opaque');
    expect(await statusOf(token)).toBe(503);
    await put({});
    await eventually('the right secret to count', async () => (await statusOf(token)) === 200);
  });
});

describe('JWTs', () => {
  test('are validated here, as the server does not introspect them', async () => {
    const reply = await stack.get(MENU, await provider.token(SHOP, 'jwt'));
    expect(reply.status).toBe(200);
    expect(valuesOf(received(reply), 'x-gatehouse-consumer-key')).toEqual(['shop']);
    expect(await statusOf(await provider.token(VISITOR, 'jwt'))).toBe(403);
  });

  test('with self-validation off they are introspected, which the server refuses: 503, and no falling back to the keys', async () => {
    const token = await provider.token(SHOP, 'jwt');
    expect(await statusOf(token)).toBe(200);
    await put({ enableSelfValidationJWT: false });
    for (let at = 0; at < 3; at++) expect(await statusOf(token)).toBe(503);
    await put({});
    expect(await statusOf(token)).toBe(200);
  });
});

test('the server gone: what is remembered counts until the TTL, then there is no verdict; JWTs go on', async () => {
  const opaque = await provider.token(SHOP, 'opaque');
  const jwt = await provider.token(SHOP, 'jwt');
  expect(await statusOf(opaque)).toBe(200);
  await provider.stop();
  await eventually('the remembered reply to age', async () => (await statusOf(opaque)) === 503);
  expect(await statusOf(jwt)).toBe(200);
});
