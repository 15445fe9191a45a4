// Deny policies through a real Envoy: each kind rules the very next request, for whom it names and nobody else, and no header moves an
// address.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { DenyPolicyType } from '../../src/domain/policy.ts';
import { received, type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const BLOCKED = {
  code: '900805',
  message: 'Message blocked',
  description: 'You have been blocked from accessing the resource',
};

const ADMIN = '/api/am/admin/v4/throttling';

/** Writes a deny policy and returns how to delete it; both are in force when they answer. */
async function denyNow(stack: Stack, conditionType: DenyPolicyType, conditionValue: string | object) {
  const made = await stack.admin('POST', `${ADMIN}/deny-policies`, { conditionType, conditionValue });
  expect(made.status).toBe(201);
  const { conditionId } = made.body as { readonly conditionId: string };
  return async () => {
    expect((await stack.admin('DELETE', `${ADMIN}/deny-policy/${conditionId}`)).status).toBe(200);
  };
}
const address = (fixedIp: string) => ({ fixedIp, invert: false });
const range = (startingIp: string, endingIp: string, invert: boolean) => ({ startingIp, endingIp, invert });

describe('for Envoy’s peers', () => {
  let stack: Stack;
  beforeAll(async () => {
    stack = await startStack({
      editCatalog: ({ apis, applications }) => {
        apis.push({
          name: 'Tenant',
          version: '1.0.0',
          context: '/t/partner.example/orders',
          keyManagers: ['PartnerKM'],
          operations: [{ verb: 'GET', target: '/list' }],
        });
        const [shack] = applications as { subscriptions: object[] }[];
        shack?.subscriptions.push({ api: 'Tenant', version: '1.0.0', policy: 'Gold', state: 'UNBLOCKED' });
      },
    });
  });
  afterAll(() => stack?.stop());

  const statusOf = async (path: string, token?: string) => (await stack.get(path, token)).status;

  test.each<[DenyPolicyType, string, string]>([
    ['API', '/pizza/1.0.0', '/orders/1.0.0/list'],
    ['APPLICATION', 'paula:PizzaShack', '/orders/1.0.0/list'],
    ['USER', 'shop@carbon.super', MENU],
    ['SUBSCRIPTION', '/pizza/1.0.0:1.0.0:paula-PizzaShack:PRODUCTION', '/orders/1.0.0/list'],
  ])('%s %s', async (type, value, other) => {
    const others = stack.token('shop', type === 'USER' ? { sub: 'somebody' } : { azp: 'stranger', sub: 'x' });
    expect(await statusOf(MENU, stack.token())).toBe(200);
    const denyNoMore = await denyNow(stack, type, value);
    const reply = await stack.get(MENU, stack.token());
    expect(reply.status).toBe(403);
    expect(JSON.parse(reply.body)).toEqual(BLOCKED);
    expect(reply.headers.filter(([name]) => name === 'www-authenticate')).toEqual([]);
    expect(await statusOf(other, others)).toBe(200);
    await denyNoMore();
    expect(await statusOf(MENU, stack.token())).toBe(200);
  });

  test('an address: public resources too, and no header of the client’s changes it', async () => {
    const kept = await denyNow(stack, 'IP', address('127.0.0.1'));
    for (const headers of [[], [['x-forwarded-for', '198.51.100.1']], [['x-real-ip', '198.51.100.1']]] as const) {
      expect((await stack.get(MENU, stack.token(), headers)).status).toBe(403);
      expect((await stack.get('/pizza/1.0.0/health', undefined, headers)).status).toBe(403);
    }
    await kept();
    const other = await denyNow(stack, 'IP', address('198.51.100.1'));
    expect((await stack.get(MENU, stack.token(), [['x-forwarded-for', '198.51.100.1']])).status).toBe(200);
    await other();
    const home = await denyNow(stack, 'IPRANGE', range('127.0.0.0', '127.0.0.255', true));
    expect(await statusOf(MENU, stack.token())).toBe(200);
    await home();
    const abroad = await denyNow(stack, 'IPRANGE', range('10.0.0.0', '10.255.255.255', true));
    expect(await statusOf(MENU, stack.token())).toBe(403);
    await abroad();
  });

  test('a tenant’s API is found by its context on the wire, and no other tenant’s path leads to it', async () => {
    expect(await statusOf('/t/partner.example/orders/1.0.0/list', stack.token())).toBe(200);
    for (const path of ['/t/other.example/orders/1.0.0/list', '/orders/1.0.0/../t/partner.example/orders/1.0.0/list'])
      expect(await statusOf(path, stack.token())).not.toBe(200);
    const told = await stack.get('/t/partner.example/orders/1.0.0/list', stack.token());
    expect(valuesOf(received(told), 'x-gatehouse-api')).toEqual(['Tenant']);
  });
});

test('behind a trusted proxy the address is the one that the proxy saw, and a client cannot write another', async () => {
  const stack = await startStack({
    settings: { extauthz: { trustedHops: 1 } },
    editEnvoy: ({ hcm }) => {
      hcm['xff_num_trusted_hops'] = 1;
    },
  });
  try {
    const from = async (forwarded?: string) =>
      (await stack.get(MENU, stack.token(), forwarded === undefined ? [] : [['x-forwarded-for', forwarded]])).status;
    await denyNow(stack, 'IP', address('198.51.100.1'));
    expect(await from('198.51.100.1')).toBe(403);
    expect(await from('192.0.2.9, 198.51.100.1')).toBe(403);
    expect(await from('198.51.100.1, 192.0.2.9')).toBe(200);
    expect(await from('192.0.2.9')).toBe(200);
    // Whoever comes past the proxy comes from nowhere.
    expect(await from()).toBe(403);
  } finally {
    await stack.stop();
  }
});
