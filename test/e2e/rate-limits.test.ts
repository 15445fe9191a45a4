// The shipped recipe for rate limits: a real rate limit service is asked by what Gatehouse has stated of the caller, and by nothing that
// a client wrote.

import { afterAll, beforeAll, expect, test } from 'vitest';
import { type RateLimitService, startRateLimitService } from '../rig/rate-limit-service.ts';
import { type Stack, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';

let service: RateLimitService;
let stack: Stack;
beforeAll(async () => {
  service = await startRateLimitService();
  stack = await startStack({
    envoyFile: 'envoy-rate-limit.yaml',
    editEnvoy: ({ setEndpoints, hcm, routes }) => {
      // An operator's own way of counting, beside the shipped ones.
      const { rate_limits: limits } = (routes.at(-1) as { route: { rate_limits: object[] } }).route;
      const path = [{ key: 'attributes' }, { key: 'region' }];
      const metadata_key = { key: 'envoy.filters.http.ext_authz', path };
      limits.push({ actions: [{ metadata: { descriptor_key: 'region', source: 'DYNAMIC', metadata_key } }] });
      setEndpoints('ratelimit', [service.port]);
      // The shipped time-out is for machines that do not run a whole test suite beside it.
      const filters = hcm['http_filters'] as { name: string; typed_config: Record<string, unknown> }[];
      for (const filter of filters)
        if (filter.name === 'envoy.filters.http.ratelimit') filter.typed_config['timeout'] = '5s';
    },
    editCatalog: ({ applications }) => {
      for (const application of applications) application['policy'] = '50PerMin';
      for (const application of applications.slice(0, 1)) application['attributes'] = { region: 'eu-central' };
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await service?.close();
});

/** The value of each entry, by key, of the descriptor that begins with this key. */
function descriptor(first: string): Record<string, string> {
  const found = service.asked.at(-1)?.descriptors.find(([entry]) => entry?.[0] === first);
  return Object.fromEntries(found ?? []);
}

test('descriptors name the policies and whom they hold for, whatever headers a client sends', async () => {
  const forged = [
    ['x-gatehouse-subscription-policy', 'Unlimited'],
    ['x-gatehouse-application-id', 'another'],
  ] as const;
  expect((await stack.get(MENU, stack.token(), forged)).status).toBe(200);
  expect(service.asked.at(-1)?.domain).toBe('gatehouse');
  expect(descriptor('subscription_policy')).toMatchObject({ subscription_policy: 'Gold', key_type: 'PRODUCTION' });
  expect(descriptor('subscription_policy')['subscription_id']).toMatch(/^[0-9a-f-]{36}$/);
  const { application_id: application } = descriptor('application_policy');
  expect(application).toMatch(/^[0-9a-f-]{36}$/);
  expect(descriptor('application_policy')['application_policy']).toBe('50PerMin');
  expect(descriptor('resource_policy')).toEqual({
    resource_policy: 'Unlimited',
    organization: 'carbon.super',
    api: 'Pizza:1.0.0',
    application_id: application,
  });
  expect(descriptor('region')).toEqual({ region: 'eu-central' });
  expect(descriptor('api_policy')).toEqual({});
});

test('a caller without an application is not counted as one', async () => {
  const asked = service.asked.length;
  expect((await stack.get('/orders/1.0.0/list', stack.token('stranger'))).status).toBe(200);
  expect(service.asked.slice(asked).flatMap(({ descriptors }) => descriptors)).toEqual([]);
});

test('over the limit of a subscription is 429, and does not reach the upstream', async () => {
  service.limit((entries) => entries.some(([key, value]) => key === 'subscription_policy' && value === 'Gold'));
  const before = stack.upstream.received.length;
  expect((await stack.get(MENU, stack.token())).status).toBe(429);
  expect(stack.upstream.received.length).toBe(before);
  service.limit(() => false);
  expect((await stack.get(MENU, stack.token())).status).toBe(200);
});

test('who is denied is not counted', async () => {
  const asked = service.asked.length;
  expect((await stack.get(MENU, stack.token('visitor'))).status).toBe(403);
  expect((await stack.get(MENU)).status).toBe(401);
  expect(service.asked.length).toBe(asked);
});
