// Throttling policies, deny policies and shared scopes over HTTP, with a real catalog behind them.

import { beforeEach, describe, expect, test } from 'vitest';
import { type Call, startCatalogRig } from '../catalog-rig.ts';

const THROTTLING = '/api/am/admin/v4/throttling';

let call: Call;
beforeEach(async () => {
  ({ call } = await startCatalogRig());
});

describe.each([
  ['application', 'ApplicationThrottlePolicy', {}],
  [
    'subscription',
    'SubscriptionThrottlePolicy',
    { rateLimitCount: 10, rateLimitTimeUnit: 'min', stopOnQuotaReach: true, customAttributes: [] },
  ],
  ['advanced', 'AdvancedThrottlePolicy', { conditionalGroups: [{ description: 'x', conditions: [] }] }],
])('a policy of kind %s', (kind, type, more) => {
  const base = `${THROTTLING}/policies/${kind}`;
  const limit = { type: 'REQUESTCOUNTLIMIT', requestCount: { timeUnit: 'min', unitTime: 1, requestCount: 10 } };
  const policy = { policyName: '10PerMin', displayName: 'Ten', description: 'd', defaultLimit: limit, ...more };

  test('is created, read, changed and deleted, with all that WSO2 has', async () => {
    const made = await call('POST', base, policy);
    expect([made.status, made.body]).toMatchObject([201, { ...policy, type, isDeployed: true }]);
    const one = `${base}/${made.body.policyId}`;
    expect([made.location, (await call('GET', one)).body]).toEqual([one, made.body]);
    expect((await call('GET', base)).body).toMatchObject({ count: 1, list: [made.body] });
    expect(
      (await call('PUT', one, { ...made.body, displayName: 'X' }, { headers: { 'if-match': '"1"' } })).body.displayName,
    ).toBe('X');
    expect((await call('PUT', one, made.body, { headers: { 'if-match': '"1"' } })).status).toBe(412);
    expect((await call('PUT', one, { ...made.body, policyName: 'other' })).status).toBe(400);
    expect((await call('POST', base, policy)).status).toBe(409);
    expect((await call('POST', base, { ...policy, policyNam: 'x' })).body.error[0].message).toContain(
      'did you mean "policyName"',
    );
    const other = kind === 'advanced' ? 'application' : 'advanced';
    expect((await call('GET', `${THROTTLING}/policies/${other}/${made.body.policyId}`)).status).toBe(404);
    expect((await call('DELETE', one)).status).toBe(200);
    expect((await call('GET', one)).status).toBe(404);
  });
});

describe('a deny policy', () => {
  const base = `${THROTTLING}/deny-policies`;

  test.each<[string, unknown]>([
    ['API', '/pizza/1.0.0'],
    ['APPLICATION', 'ann:Shop'],
    ['USER', 'ann'],
    ['SUBSCRIPTION', '/pizza/1.0.0:1.0.0:ann-Shop:PRODUCTION'],
    ['IP', { fixedIp: '203.0.113.7', invert: false }],
    ['IP', { fixedIp: '2001:db8::1', invert: true }],
    ['IPRANGE', { startingIp: '203.0.113.1', endingIp: '203.0.113.9', invert: false }],
    ['IPRANGE', { startingIp: '2001:db8::1', endingIp: '2001:db8::9', invert: true }],
  ])(
    'of type %s comes back as it was written, is switched off and on, and deleted',
    async (conditionType, conditionValue) => {
      const made = await call('POST', base, { conditionType, conditionValue });
      expect([made.status, made.body]).toMatchObject([201, { conditionType, conditionValue, conditionStatus: true }]);
      const one = `${THROTTLING}/deny-policy/${made.body.conditionId}`;
      expect(made.location).toBe(one);
      expect((await call('PATCH', one, { conditionStatus: false })).body).toEqual({
        ...made.body,
        conditionStatus: false,
      });
      expect((await call('GET', base)).body).toMatchObject({ count: 1, list: [{ conditionStatus: false }] });
      expect((await call('POST', base, { conditionType, conditionValue })).status).toBe(409);
      expect((await call('DELETE', one)).status).toBe(200);
      expect((await call('PATCH', one, { conditionStatus: true })).status).toBe(404);
    },
  );

  test.each<[string, unknown]>([
    ['API', 'pizza'],
    ['APPLICATION', 'Shop'],
    ['USER', { fixedIp: '203.0.113.7' }],
    ['IP', '203.0.113.0/24'],
    ['IP', { fixedIp: '203.0.113' }],
    ['IPRANGE', { startingIp: '203.0.113.1', endingIp: '2001:db8::9' }],
    ['IPRANGE', '203.0.113.1-203.0.113.9'],
    ['IPRANGE', { startingIp: '203.0.113.9', endingIp: '203.0.113.1' }],
    ['HEADER', 'x'],
  ])('that would deny nobody is refused: %s %j', async (conditionType, conditionValue) => {
    expect((await call('POST', base, { conditionType, conditionValue })).status).toBe(400);
  });
});

test('a shared scope is created, read, changed and deleted; one that an API asks for stays', async () => {
  const base = '/api/am/publisher/v4/scopes';
  const scope = { name: 'read', displayName: 'Read', description: 'd', bindings: ['partner'] };
  const made = await call('POST', base, scope);
  expect([made.status, made.body]).toMatchObject([201, scope]);
  const one = `${base}/${made.body.id}`;
  expect((await call('PUT', one, { ...made.body, bindings: [] })).body.bindings).toEqual([]);
  expect((await call('PUT', one, { ...made.body, name: 'write' })).status).toBe(400);
  expect((await call('POST', base, { name: 'a b' })).status).toBe(400);
  const api = { name: 'a', context: '/a', version: '1', keyManagers: ['all'] };
  const operations = [{ verb: 'GET', target: '/', scopes: ['read write'] }];
  const { id } = (await call('POST', '/api/am/publisher/v4/apis', { ...api, operations })).body;
  expect((await call('DELETE', one)).status).toBe(409);
  await call('DELETE', `/api/am/publisher/v4/apis/${id}`);
  expect((await call('DELETE', one)).status).toBe(200);
  expect((await call('GET', base)).body.count).toBe(0);
});
