// Deny policies in a decision: whoever they name is refused with 900805, in every name that WSO2 has for it, whatever else holds.

import { describe, expect, test } from 'vitest';
import type { DenyPolicy } from '../../../src/domain/policy.ts';
import { sampleApi, sampleDenyPolicy, sampleResource } from '../domain/catalog-samples.ts';
import { decide, type Scene, SUBSCRIBER, sampleFacts, type Witness } from './world-sample.ts';

const application = SUBSCRIBER.application as NonNullable<typeof SUBSCRIBER.application>;
const with_ = (policy: Partial<DenyPolicy>, over: Partial<Scene> = {}): Partial<Scene> => ({
  denyPolicies: [sampleDenyPolicy({ ...policy })],
  ...over,
});
const subject = (name: string): Partial<Scene> => ({
  proof: { kind: 'proved', facts: sampleFacts({ subject: name }) },
});

const DENIED: [string, Partial<Scene>][] = [
  ['the API by its context', with_({ type: 'API', value: '/pizza/1.0.0' })],
  [
    'the API by the context of its default version',
    with_({ type: 'API', value: '/pizza' }, { apis: [sampleApi({ defaultVersionContext: '/pizza' })] }),
  ],
  ['an application as owner:name', with_({ type: 'APPLICATION', value: 'bob:PizzaShack' })],
  ['an application by its id', with_({ type: 'APPLICATION', value: 'app-1' })],
  ['a user by the subject', with_({ type: 'USER', value: 'alice' })],
  ['a user as subject@organization', with_({ type: 'USER', value: 'alice@carbon.super' })],
  ['a user whose subject has the organization', with_({ type: 'USER', value: 'alice' }, subject('alice@carbon.super'))],
  ['a user whose subject is a mail address', with_({ type: 'USER', value: 'a@b.example' }, subject('a@b.example'))],
  ['a user as mail@organization', with_({ type: 'USER', value: 'a@b.example@carbon.super' }, subject('a@b.example'))],
  [
    'a subscription with the version in its context',
    with_({ type: 'SUBSCRIPTION', value: '/pizza/1.0.0:1.0.0:bob-PizzaShack:PRODUCTION' }),
  ],
  [
    'a subscription with the bare context',
    with_({ type: 'SUBSCRIPTION', value: '/pizza:1.0.0:bob-PizzaShack:PRODUCTION' }),
  ],
  ['a subscription by its id', with_({ type: 'SUBSCRIPTION', value: 's-1' })],
  ['the address that Envoy states', with_({ type: 'IP', value: '192.0.2.1' })],
  ['every address but one', with_({ type: 'IP', value: '198.51.100.1', invert: true })],
  ['whoever comes from nowhere', with_({ type: 'IP' }, { request: { clientAddress: () => undefined } })],
  [
    'an application, by its own organization',
    with_(
      { type: 'APPLICATION', value: 'bob:PizzaShack', organization: 'theirs' },
      { subscriber: { application: { ...application, organization: 'theirs' } } },
    ),
  ],
  [
    'a user of an API that asks for no subscription',
    with_({ type: 'USER', value: 'alice' }, { apis: [sampleApi({ subscriptionValidation: false })] }),
  ],
];

describe('denies', () => {
  test.each(DENIED)('%s', async (_, scene) => {
    const decision = await decide(scene);
    expect(decision).toMatchObject({ outcome: 'deny', reason: 'denied_by_policy', evidence: { policy: 'policy-1' } });
  });
});

const ALLOWED: [string, Partial<Scene>][] = [
  ['a policy that is off', with_({ type: 'USER', value: 'alice', enabled: false })],
  ['another organization’s policy on the API', with_({ type: 'API', value: '/pizza/1.0.0', organization: 'other' })],
  ['another organization’s policy on the user', with_({ type: 'USER', value: 'alice', organization: 'other' })],
  ['a user whose name only begins so', with_({ type: 'USER', value: 'alice' }, subject('alice2'))],
  ['a user of another organization', with_({ type: 'USER', value: 'alice@other' })],
  [
    'a subscription with another key type',
    with_({ type: 'SUBSCRIPTION', value: '/pizza:1.0.0:bob-PizzaShack:SANDBOX' }),
  ],
  ['an application of another owner', with_({ type: 'APPLICATION', value: 'eve:PizzaShack' })],
  [
    'an address that only a header states',
    with_(
      { type: 'IP' },
      { headers: { authorization: ['Bearer good'], 'x-forwarded-for': ['192.0.2.7'], 'x-real-ip': ['192.0.2.7'] } },
    ),
  ],
  ['the one address that an inverted policy leaves', with_({ type: 'IP', value: '192.0.2.1', invert: true })],
];

describe('leaves alone', () => {
  test.each(ALLOWED)('%s', async (_, scene) => {
    expect(await decide(scene)).toMatchObject({ outcome: 'allow' });
  });
});

test.each([
  ['API', '/pizza/1.0.0'],
  ['IP', '192.0.2.1'],
] as const)('%s policies hold for public resources, and no token is looked at before them', async (type, value) => {
  const witness: Witness = { asked: [] };
  const open = { apis: [sampleApi({ resources: [sampleResource({ authType: 'None' })] })], headers: {} };
  expect(await decide(with_({ type, value }, open))).toMatchObject({ reason: 'denied_by_policy' });
  expect(await decide(with_({ type, value }), witness)).toMatchObject({ reason: 'denied_by_policy' });
  expect(witness.asked).toEqual([]);
});

test('a caller who is refused anyway is told that, not the policy', async () => {
  const blocked = { subscriber: { subscription: { ...SUBSCRIBER.subscription, state: 'BLOCKED' } } } as Partial<Scene>;
  expect(await decide(with_({ type: 'USER', value: 'alice' }, blocked))).toMatchObject({
    reason: 'subscription_blocked',
  });
});
