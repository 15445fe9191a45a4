// Claims that a key manager maps, and opaque tokens, through a real Envoy: what the upstream is told, what the access log can show, and
// what becomes of a client's own headers.

import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Message } from '../rig/envoy-config.ts';
import { eventually } from '../rig/eventually.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { keyManagerDto, received, type Stack, startStack, valuesOf } from './stack.ts';

const ORDERS = '/orders/1.0.0/list';
const mapping = [
  { remoteClaim: 'email', localClaim: 'mail' },
  { remoteClaim: 'groups', localClaim: 'groups' },
  { remoteClaim: '/address/country', localClaim: 'country' },
];
const identityHeaders = { 'x-mail': 'claim:mail', 'x-groups': 'claim:groups', 'x-country': 'claim:country' };

let stack: Stack;
let vault: KeyManagerServer;
beforeAll(async () => {
  vault = await startKeyManager({ tokens: 'opaque', clients: [{ id: 'gatehouse', secret: 'asks' }] });
  stack = await startStack({
    settings: { upstream: { identityHeaders } },
    editCatalog: ({ keyManagers }) => {
      for (const keyManager of keyManagers) keyManager['claimMapping'] = mapping;
      const introspection = {
        method: 'client_secret_basic',
        clientId: 'gatehouse',
        clientSecret: 'asks',
        ttlSeconds: 1,
      };
      keyManagers.push({
        ...keyManagerDto('VaultKM', vault),
        ...{ enableSelfValidationJWT: false, certificates: undefined, claimMapping: mapping },
        introspectionEndpoint: `${vault.url}${PATHS.introspection}`,
        additionalProperties: { introspection },
      });
    },
    editEnvoy: ({ hcm }) => {
      const [log] = hcm['access_log'] as { typed_config: { log_format: { json_format: Message } } }[];
      if (log === undefined) throw new Error('the Envoy file has no access log');
      log.typed_config.log_format.json_format['country'] =
        '%DYNAMIC_METADATA(envoy.filters.http.ext_authz:claims:country)%';
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await vault?.close();
});

const claims = { email: 'größe@example', groups: ['a', 'b'], address: { country: 'CH' }, secret: 'not mapped' };
const told = ['x-mail', 'x-groups', 'x-country'];

test('mapped claims arrive once and from Gatehouse, encoded; the access log can name them', async () => {
  const forged = told.map((name) => [name, 'forged'] as const);
  const reply = await stack.get(ORDERS, stack.token('shop', claims), forged);
  expect(reply.status).toBe(200);
  const request = received(reply);
  expect(told.map((name) => valuesOf(request, name))).toEqual([['gr%C3%B6%C3%9Fe@example'], ['["a","b"]'], ['CH']]);
  expect(reply.body).not.toContain('not mapped');
  expect(await stack.envoy.loggedRequest((line) => line['country'] === 'CH')).toMatchObject({ outcome: 'allow' });
});

test('a claim that the token lacks takes the client’s own header away', async () => {
  const forged = told.map((name) => [name, 'forged'] as const);
  const request = received(await stack.get(ORDERS, stack.token('shop'), forged));
  expect(told.map((name) => valuesOf(request, name))).toEqual([[], [], []]);
});

test('an opaque token is asked for, its claims are told, and a revocation at its issuer is seen when the reply has run out', async () => {
  const token = vault.mintOpaque({ client_id: 'robot', ...claims });
  const reply = await stack.get(ORDERS, token);
  expect(reply.status).toBe(200);
  expect(valuesOf(received(reply), 'x-country')).toEqual(['CH']);
  expect(vault.requests(PATHS.introspection)).toBe(1);
  vault.revoke(token);
  await eventually('it to be refused', async () => (await stack.get(ORDERS, token)).status === 401);
});

test('an endpoint that answers an error is 503 and no verdict; it passes when the endpoint is back', async () => {
  const token = vault.mintOpaque({ client_id: 'robot' });
  vault.fault(PATHS.introspection, { kind: 'status', status: 500 });
  const reply = await stack.get(ORDERS, token);
  expect(reply.status).toBe(503);
  expect(JSON.parse(reply.body)).toMatchObject({ code: '900900' });
  vault.fault(PATHS.introspection, undefined);
  await eventually('it to pass', async () => (await stack.get(ORDERS, token)).status === 200);
});
