// The source over a control plane that speaks WSO2's paths: what is loaded, what each event changes, what happens when either is broken.

import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../../../rig/eventually.ts';
import { type HubMessage, mapping, type Wso2Model } from '../../../rig/wso2-model.ts';
import { callersOf, copiedCallersOf, KEYCLOAK, type RigOptions, type Wso2Rig, wso2Rig } from './wso2-rig.ts';

const DATA = '/internal/data/v1';
const rigs: Wso2Rig[] = [];

afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.stop();
});

/** A rig over a small shop: one key manager, one API, one application with a key and a subscription. */
async function shop(options: RigOptions = {}) {
  const rig = await wso2Rig(options);
  rigs.push(rig);
  const { model } = rig;
  const keyManager = model.addKeyManager('Keycloak', KEYCLOAK);
  const api = model.addApi('Pizza', {
    keyManagers: ['Keycloak'],
    urlMappings: [mapping('GET', '/menu'), mapping('POST', '/orders/{id}', ['order'])],
  });
  const application = model.addApplication('Shop', {
    attributes: { team: 'a' },
    groupIds: [{ groupId: 'g', applicationId: 1 }],
  });
  const key = model.mapKey(application, 'client-1', 'Keycloak');
  const subscription = model.subscribe(application, api);
  return { ...rig, keyManager, api, application, key, subscription };
}

/** The same, loaded, with every event delivered from now on. */
async function follower(options: RigOptions = {}) {
  const rig = await shop(options);
  rig.source.start();
  await reconciled(rig, 1);
  const sent: Promise<void>[] = [];
  rig.model.publishTo((message) => void sent.push(rig.deliver(message)));
  return { ...rig, settled: () => Promise.all(sent) };
}

/** How often everything was compared so far. */
const reconciled = (rig: Wso2Rig, times: number) =>
  eventually('a comparison', () => rig.told.filter((line) => line.startsWith('reconciled')).length >= times);

function messagesOf(model: Wso2Model, act: () => void): readonly HubMessage[] {
  const messages: HubMessage[] = [];
  model.publishTo((message) => void messages.push(message));
  act();
  return messages;
}

/** The event as if it had happened then. */
function withTime({ topic, body }: HubMessage, timeStamp: number): HubMessage {
  const payload = JSON.parse(body) as { event: { payloadData: { event: string } } };
  const inner = JSON.parse(Buffer.from(payload.event.payloadData.event, 'base64').toString()) as object;
  payload.event.payloadData.event = Buffer.from(JSON.stringify({ ...inner, timeStamp })).toString('base64');
  return { topic, body: JSON.stringify(payload) };
}

describe('the first load', () => {
  test('brings every kind of entity, in the domain’s own form', async () => {
    const rig = await shop();
    const { model, copy, api, application, keyManager, subscription } = rig;
    model.setPolicy('SUBSCRIPTION', 'Gold', { rateLimitCount: 5, rateLimitTimeUnit: 'min', stopOnQuotaReach: true });
    model.setScope('order', ['waiter']);
    model.block('API', '/pizza/1.0.0');
    model.block('IPRANGE', JSON.stringify({ startingIp: '10.0.0.1', endingIp: '10.0.0.9', invert: true }));
    model.revokeJwt('a-jti', Date.now() + 60_000);
    model.revokeClient('client-9');
    rig.source.start();
    await reconciled(rig, 1);
    expect(copy.find('api', api)).toMatchObject({
      ...{
        number: expect.any(Number),
        organization: 'carbon.super',
        name: 'Pizza',
        version: '1.0.0',
        context: '/pizza/1.0.0',
      },
      ...{ keyManagers: [keyManager], lifecycle: 'PUBLISHED', endpoints: ['PRODUCTION'], subscriptionValidation: true },
      securityScheme: ['oauth2', 'oauth_basic_auth_api_key_mandatory'],
      resources: [
        { verb: 'GET', template: '/menu', authType: 'Any', scopes: [], policy: 'Unlimited' },
        { verb: 'POST', template: '/orders/{id}', authType: 'Any', scopes: ['order'], policy: 'Unlimited' },
      ],
    });
    expect(copy.find('application', application)).toMatchObject({
      ...{
        name: 'Shop',
        owner: 'admin',
        policy: 'Unlimited',
        attributes: { team: 'a' },
        groups: ['g'],
        state: 'APPROVED',
      },
      extra: { tokenType: 'JWT' },
    });
    expect(copy.find('subscription', subscription)).toMatchObject({
      apiId: api,
      applicationId: application,
      policy: 'Gold',
      state: 'UNBLOCKED',
    });
    expect([...copy.image.key_mapping.values()]).toMatchObject([
      { consumerKey: 'client-1', keyManagerId: keyManager, applicationId: application, keyType: 'PRODUCTION' },
    ]);
    expect(copy.find('key_manager', keyManager)).toMatchObject({
      dto: {
        name: 'Keycloak',
        type: 'KeyCloak',
        issuer: KEYCLOAK.issuer,
        certificates: { type: 'JWKS', value: KEYCLOAK.certificate_value },
        consumerKeyClaim: 'azp',
      },
      ...{ enabled: true, issuers: [KEYCLOAK.issuer], organization: 'carbon.super' },
      secrets: { '/additionalProperties/client_secret': '"very secret"' },
    });
    expect(JSON.stringify(copy.find('key_manager', keyManager)?.dto)).not.toContain('very secret');
    expect([...copy.image.policy.values()]).toMatchObject([
      { kind: 'SUBSCRIPTION', name: 'Gold', limits: { rateLimitCount: 5 } },
    ]);
    expect([...copy.image.scope.values()]).toMatchObject([{ name: 'order', roles: ['waiter'] }]);
    expect([...copy.image.deny_policy.values()]).toMatchObject([
      { type: 'API', value: '/pizza/1.0.0', enabled: true, invert: false },
      { type: 'IPRANGE', value: '10.0.0.1-10.0.0.9', invert: true },
    ]);
    expect([...copy.image.revocation.values()]).toMatchObject([
      { kind: 'jti', value: 'a-jti', issuedBeforeMs: null },
      { kind: 'consumer_key', value: 'client-9', issuedBeforeMs: expect.any(Number) },
    ]);
    expect(copiedCallersOf(copy)).toEqual(callersOf(model));
    expect(rig.source.status()).toMatchObject({ source: 'wso2', complete: true, problem: null });
    expect(rig.skipped).toEqual([]);
  });

  test('reads lists page by page where the server pages', async () => {
    const rig = await shop();
    for (let at = 0; at < 23; at += 1) rig.model.addApplication(`App ${at}`);
    rig.server.pageSize(10);
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.copy.image.application.size).toBe(24);
    expect(rig.server.requests.filter((path) => path.startsWith(`${DATA}/applications`))).toContain(
      `${DATA}/applications?offset=20`,
    );
  });

  test('asks Publisher with a token where a client is given, and once for all APIs', async () => {
    const rig = await shop({ client: true });
    rig.model.addApi('Pasta', { keyManagers: ['Keycloak'] });
    rig.source.start();
    await reconciled(rig, 1);
    expect([...rig.copy.image.api.values()].map(({ keyManagers }) => keyManagers)).toEqual([
      [rig.keyManager],
      [rig.keyManager],
    ]);
    expect(rig.server.requests.filter((path) => path === '/oauth2/token').length).toBeLessThanOrEqual(4);
  });

  test('leaves out rows that cannot be used, and nothing else', async () => {
    const rig = await shop();
    const { model } = rig;
    model.subscriptions.set('odd', {
      ...[...model.subscriptions.values()][0],
      subscriptionUUID: 'odd',
      subscriptionState: 'MAYBE',
    } as never);
    model.applications.set('odd', { uuid: 'odd', id: '7', name: 'x' } as never);
    model.addKeyManager(
      'Broken',
      { ...KEYCLOAK, certificate_value: 'no url', issuer: 'https://other.example' },
      { type: 'no-such-type' },
    );
    model.mapKey(rig.application, 'client-2', 'Nobody');
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.skipped.slice(0, 4)).toEqual([
      'keymanagers type',
      'applications id',
      'application-key-mappings keyManager',
      'subscriptions subscriptionState',
    ]);
    expect(copiedCallersOf(rig.copy)).toHaveLength(1);
  });

  test('serves only APIs that are deployed to one of the labels', async () => {
    const rig = await shop({ gatewayLabels: ['Edge', 'Inner'] });
    const edge = rig.model.addApi('Edge', { labels: ['Edge'] });
    const both = rig.model.addApi('Both', { labels: ['Edge', 'Inner', 'Default'] });
    rig.model.subscribe(rig.application, edge);
    rig.source.start();
    await reconciled(rig, 1);
    expect([...rig.copy.image.api.keys()].toSorted()).toEqual([edge, both].toSorted());
    expect([...rig.copy.image.subscription.values()].map(({ apiId }) => apiId)).toEqual([edge]);
  });

  test.each(['apis', 'subscriptions', 'keymanagers', 'block', 'revokedjwt'])(
    'changes nothing while %s cannot be read',
    async (list) => {
      const rig = await shop();
      rig.server.fault(`${DATA}/${list}`, { kind: 'status', status: 500 });
      rig.source.start();
      await eventually('a problem', () => rig.told.find((line) => line.includes(`problem ${list}: status_500`)));
      expect(rig.copy.writes).toEqual([]);
      expect(rig.source.status()).toMatchObject({ state: 'away', complete: false, problem: `${list}: status_500` });
      rig.server.fault(`${DATA}/${list}`, undefined);
      await reconciled(rig, 1);
      expect(copiedCallersOf(rig.copy)).toHaveLength(1);
    },
  );

  test.each([
    ['is no JSON', '<html>'],
    ['has no list', '{"count":3}'],
    ['is cut off', '{"count":1,"list":[{"uuid":"a"'],
  ])('takes a reply that %s for no reply', async (_what, body) => {
    const rig = await shop();
    rig.server.fault(`${DATA}/subscriptions`, { kind: 'body', body });
    rig.source.start();
    await eventually('a problem', () => rig.told.find((line) => line.startsWith('problem subscriptions: not_')));
    expect(rig.copy.writes).toEqual([]);
  });

  test.each([
    ['is no object', '[]', 'row'],
    ['has a list that is none', '{"user":"mallory"}', 'user'],
    ['has an entry that is no text', '{"user":["mallory",null]}', 'user'],
    ['has an address without a number', '{"ip":[{"fixedIp":"10.0.0.7"}]}', 'ip.id'],
  ])('lifts no deny policy because a list of them %s', async (_what, body, member) => {
    const rig = await follower();
    rig.model.block('USER', 'mallory');
    await rig.settled();
    rig.server.fault(`${DATA}/block`, { kind: 'body', body });
    rig.reconnect();
    await eventually('a problem', () => rig.told.find((line) => line.includes(`block: ${member} cannot be read`)));
    expect([...rig.copy.image.deny_policy.values()]).toMatchObject([{ type: 'USER', value: 'mallory' }]);
  });

  test.each([
    ['[]', 'row'],
    ['{"revokedJWTList":"a-jti"}', 'revokedJWTList'],
  ])('is not complete with revocations that are %s', async (body, member) => {
    const rig = await shop();
    rig.server.fault(`${DATA}/revokedjwt`, { kind: 'body', body });
    rig.source.start();
    await eventually('a problem', () => rig.told.find((line) => line.includes(`revokedjwt: ${member} cannot be read`)));
    expect(rig.source.status()).toMatchObject({ state: 'away', complete: false });
  });

  test('takes a list of more people to deny than anybody should have', async () => {
    const rig = await shop();
    const user = Array.from({ length: 10_001 }, (_, at) => `user-${at}`);
    rig.server.fault(`${DATA}/block`, { kind: 'body', body: JSON.stringify({ user }) });
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.copy.image.deny_policy.size).toBe(10_001);
  });

  test('never tells a password', async () => {
    const rig = await shop({ password: 'wrong secret' });
    rig.source.start();
    await eventually('a problem', () => rig.told.find((line) => line === 'problem block: status_401'));
    expect(JSON.stringify([rig.told, rig.source.status()])).not.toContain('secret');
  });
});

describe('what an API accepts', () => {
  const named = { audiences: ['pizza'], endpoints: [], authorizationHeader: null };

  test('is unknown where nothing says it, so that nobody is accepted', async () => {
    const rig = await shop({ withPublisher: false });
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.copy.find('api', rig.api)).toMatchObject({ keyManagers: [], extra: { keyManagersUnknown: true } });
  });

  test('is everybody where nothing says it and the setting says so', async () => {
    const rig = await shop({ withPublisher: false, whenUnknown: 'all' });
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.copy.find('api', rig.api)).toMatchObject({ keyManagers: 'all' });
    expect(rig.copy.find('api', rig.api)?.extra).not.toHaveProperty('keyManagersUnknown');
  });

  test('is what the operator’s file says before what Publisher says, audiences too', async () => {
    const overlay = ({ name }: { name: string }) =>
      name === 'Pizza' ? { ...named, keyManagers: ['Keycloak', 'Nobody'] } : undefined;
    const rig = await shop({ overlay });
    rig.model.updateApi(rig.api, { keyManagers: ['all'] });
    rig.source.start();
    await reconciled(rig, 1);
    expect(rig.copy.find('api', rig.api)).toMatchObject({ keyManagers: [rig.keyManager], audiences: ['pizza'] });
  });

  test('stays what it was while Publisher cannot be asked, and is unknown for an API that is new', async () => {
    const rig = await follower({ whenUnknown: 'all' });
    rig.server.fault('/api/am/publisher', { kind: 'status', status: 503 });
    rig.model.updateApi(rig.api, { keyManagers: [] });
    const pasta = rig.model.addApi('Pasta');
    await rig.settled();
    expect(rig.copy.find('api', rig.api)).toMatchObject({ keyManagers: [rig.keyManager] });
    expect(rig.copy.find('api', pasta)).toMatchObject({ keyManagers: [], extra: { keyManagersUnknown: true } });
    expect(rig.told).toContain('publisher status_503');
  });
});

describe('an event', () => {
  const CASES: readonly [what: string, act: (rig: Awaited<ReturnType<typeof follower>>) => void][] = [
    [
      'blocks a subscription',
      ({ model, subscription }) => model.setSubscription(subscription, { subscriptionState: 'BLOCKED' }),
    ],
    [
      'puts a subscription on hold',
      ({ model, subscription }) => model.setSubscription(subscription, { subscriptionState: 'ON_HOLD' }),
    ],
    [
      'changes a subscription’s policy',
      ({ model, subscription }) => model.setSubscription(subscription, { policyId: 'Silver' }),
    ],
    ['ends a subscription', ({ model, subscription }) => model.unsubscribe(subscription)],
    ['adds a key', ({ model, application }) => void model.mapKey(application, 'client-2', 'Keycloak', 'SANDBOX')],
    ['takes a key away', ({ model, key }) => model.unmapKey(key)],
    ['deletes an application', ({ model, application }) => model.deleteApplication(application)],
    ['deletes an API', ({ model, api }) => model.deleteApi(api)],
    ['takes an API from the gateway', ({ model, api }) => model.undeploy(api, 'Default')],
    ['blocks an API', ({ model, api }) => model.setLifecycle(api, 'BLOCKED')],
    ['retires an API', ({ model, api }) => model.setLifecycle(api, 'RETIRED')],
    ['changes what an API accepts', ({ model, api }) => model.updateApi(api, { keyManagers: ['all'] })],
  ];

  test.each(CASES)('that %s is in force when it was taken', async (_what, act) => {
    const rig = await follower();
    act(rig);
    await rig.settled();
    expect(copiedCallersOf(rig.copy)).toEqual(callersOf(rig.model));
    expect(rig.told.filter((line) => line.startsWith('dead'))).toEqual([]);
  });

  test('of an application, a policy, a scope, a deny policy, a key manager or a revocation changes just that', async () => {
    const { copy, model, settled, application, keyManager, told } = await follower();
    model.updateApplication(application, { name: 'New name', policy: '10PerMin' });
    model.setPolicy('SUBSCRIPTION', 'Gold', { rateLimitCount: 5 });
    model.setPolicy('APPLICATION', '10PerMin', { requestCount: 10 });
    model.setPolicy('SUBSCRIPTION', 'Gold', { rateLimitCount: 6 });
    model.setPolicy('APPLICATION', '10PerMin', null);
    model.setScope('order', ['waiter']);
    model.setScope('order', ['cook']);
    model.setScope('pay', ['guest']);
    model.setScope('pay', null);
    const ip = model.block('IP', JSON.stringify({ fixedIp: '10.0.0.7', invert: false }));
    model.block('USER', 'mallory');
    model.block('APPLICATION', 'admin:Shop');
    model.unblock(ip);
    model.revokeJwt('a-jti', Date.now() + 60_000);
    model.revokeClient('client-1');
    model.updateKeyManager(keyManager, { enabled: false });
    await settled();
    expect(copy.find('application', application)).toMatchObject({ name: 'New name', policy: '10PerMin', version: 2 });
    expect([...copy.image.policy.values()]).toMatchObject([
      { name: 'Gold', limits: { rateLimitCount: 6 }, version: 2 },
    ]);
    expect([...copy.image.scope.values()]).toMatchObject([{ name: 'order', roles: ['cook'] }]);
    expect([...copy.image.deny_policy.values()].map(({ type, value }) => `${type} ${value}`)).toEqual([
      'USER mallory',
      'APPLICATION admin:Shop',
    ]);
    expect([...copy.image.revocation.values()].map(({ kind, value }) => `${kind} ${value}`)).toEqual([
      'jti a-jti',
      'consumer_key client-1',
    ]);
    expect(copy.find('key_manager', keyManager)).toMatchObject({ enabled: false });
    expect(told.filter((line) => line.startsWith('dead'))).toEqual([]);
  });

  test('that comes again, or after a newer one, changes nothing', async () => {
    const rig = await follower();
    const { model, subscription } = rig;
    const [older] = messagesOf(model, () =>
      model.setSubscription(subscription, { subscriptionState: 'UNBLOCKED', policyId: 'Old' }),
    );
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [newer] = messagesOf(model, () => model.setSubscription(subscription, { subscriptionState: 'BLOCKED' }));
    if (older === undefined || newer === undefined) throw new Error('no events');
    for (const message of [newer, older, newer, older]) await rig.deliver(message);
    expect(rig.copy.find('subscription', subscription)).toMatchObject({ state: 'BLOCKED' });
  });

  test('that forbids is looked for where the clock of its sender is behind', async () => {
    const rig = await follower();
    const { model, subscription } = rig;
    const [ahead] = messagesOf(model, () =>
      model.setSubscription(subscription, { subscriptionState: 'UNBLOCKED', policyId: 'Gold' }),
    );
    const [behind] = messagesOf(model, () => model.setSubscription(subscription, { subscriptionState: 'BLOCKED' }));
    if (ahead === undefined || behind === undefined) throw new Error('no events');
    await rig.deliver(withTime(ahead, Date.now() + 60_000));
    await rig.deliver(behind);
    await eventually('it is found', () => rig.copy.find('subscription', subscription)?.state === 'BLOCKED');
  });

  test('that deletes is not undone by one that was sent before it', async () => {
    const rig = await follower();
    const [created] = messagesOf(rig.model, () => rig.model.setSubscription(rig.subscription, {}));
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [ended] = messagesOf(rig.model, () => rig.model.unsubscribe(rig.subscription));
    if (created === undefined || ended === undefined) throw new Error('no events');
    for (const message of [ended, created]) await rig.deliver(message);
    expect(rig.copy.image.subscription.size).toBe(0);
  });

  test('that allows is not believed beside one that forbids of the same millisecond', async () => {
    const rig = await follower();
    const now = Date.now() + 1_000;
    const [blocks, allows] = ['BLOCKED', 'UNBLOCKED'].map((subscriptionState) => {
      const [message] = messagesOf(rig.model, () => rig.model.setSubscription(rig.subscription, { subscriptionState }));
      return withTime(message as HubMessage, now);
    });
    rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
    await rig.deliver(blocks as HubMessage);
    await rig.deliver(allows as HubMessage);
    expect(rig.copy.find('subscription', rig.subscription)).toMatchObject({ state: 'BLOCKED' });
    await reconciled(rig, 2);
    expect(rig.copy.find('subscription', rig.subscription)).toMatchObject({ state: 'BLOCKED' });
  });

  test('about another tenant is none of ours', async () => {
    const rig = await follower();
    const [event] = messagesOf(rig.model, () => rig.model.unsubscribe(rig.subscription));
    const payload = JSON.parse(event?.body ?? '') as { event: { payloadData: { event: string } } };
    const inner = JSON.parse(Buffer.from(payload.event.payloadData.event, 'base64').toString()) as object;
    payload.event.payloadData.event = Buffer.from(JSON.stringify({ ...inner, tenantDomain: 'other.example' })).toString(
      'base64',
    );
    await rig.deliver({ topic: 'notification', body: JSON.stringify(payload) });
    expect(rig.copy.image.subscription.size).toBe(1);
  });

  test.each([
    ['no JSON', 'notification', '{', 'no_payload'],
    ['no payload', 'keyManager', '{}', 'no_payload'],
    [
      'no event in it',
      'notification',
      '{"event":{"payloadData":{"eventType":"API_CREATE","event":"%%%"}}}',
      'no_event',
    ],
    [
      'no id in it',
      'notification',
      `{"event":{"payloadData":{"eventType":"SUBSCRIPTIONS_CREATE","event":"${Buffer.from('{}').toString('base64')}"}}}`,
      'subscriptionUUID',
    ],
    ['no token in it', 'tokenRevocation', '{"event":{"payloadData":{"type":"JWT"}}}', 'accessToken'],
    [
      'a blocking condition nobody knows',
      'throttleData',
      '{"event":{"payloadData":{"blockingCondition":"X","conditionValue":"a","state":"true"}}}',
      'blockingCondition',
    ],
  ] as const)(
    'with %s is put aside, told without its content, and followed by a comparison',
    async (_what, topic, body, code) => {
      const rig = await follower();
      await rig.deliver({ topic, body });
      expect(rig.told).toContain(`dead ${topic} ${code}`);
      await reconciled(rig, 2);
      const [next] = messagesOf(rig.model, () => rig.model.unsubscribe(rig.subscription));
      await rig.deliver(next as HubMessage);
      expect(rig.copy.image.subscription.size).toBe(0);
    },
  );

  test('of a type that matters to nobody here is passed over', async () => {
    const rig = await follower();
    await rig.deliver({
      topic: 'notification',
      body: JSON.stringify({
        event: { payloadData: { eventType: 'API_KEY_CREATE', event: Buffer.from('{"a":1}').toString('base64') } },
      }),
    });
    await rig.deliver({
      topic: 'throttleData',
      body: JSON.stringify({ event: { payloadData: { throttleKey: 'x', isThrottled: true } } }),
    });
    expect(rig.told.filter((line) => line.startsWith('dead'))).toEqual([]);
  });

  test('that blocks or ends is in force although the control plane cannot be asked', async () => {
    const rig = await follower();
    rig.server.fault(DATA, { kind: 'status', status: 503 });
    rig.model.setLifecycle(rig.api, 'BLOCKED');
    rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
    rig.model.updateKeyManager(rig.keyManager, { enabled: false });
    rig.model.block('USER', 'mallory');
    await rig.settled();
    expect(rig.copy.find('api', rig.api)).toMatchObject({ lifecycle: 'BLOCKED' });
    expect(rig.copy.find('subscription', rig.subscription)).toMatchObject({ state: 'BLOCKED' });
    expect(rig.copy.find('key_manager', rig.keyManager)).toMatchObject({ enabled: false, dto: { enabled: false } });
    expect(rig.copy.image.deny_policy.size).toBe(1);
  });

  test('that allows is not believed if it is older than what was read', async () => {
    const rig = await shop();
    const [allows] = messagesOf(rig.model, () =>
      rig.model.setSubscription(rig.subscription, { subscriptionState: 'UNBLOCKED' }),
    );
    rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
    // The control plane's clock, which its replies tell in whole seconds, must have gone on.
    await new Promise((resolve) => setTimeout(resolve, 1_100));
    rig.source.start();
    await reconciled(rig, 1);
    await rig.deliver(allows as HubMessage);
    expect(rig.copy.find('subscription', rig.subscription)).toMatchObject({ state: 'BLOCKED' });
    await reconciled(rig, 2);
  });

  test('during a comparison is not undone by it', async () => {
    const rig = await follower();
    let acted: Promise<unknown> | undefined;
    rig.server.onRequest((path) => {
      // Subscriptions were read already.
      if (path !== `${DATA}/revokedjwt` || acted !== undefined) return;
      rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
      acted = rig.settled();
    });
    const states: unknown[] = [];
    const apply = rig.copy.apply.bind(rig.copy);
    rig.copy.apply = async (changes, origin) => {
      const applied = await apply(changes, origin);
      states.push(rig.copy.find('subscription', rig.subscription)?.state);
      return applied;
    };
    rig.model.applications.set('more', { ...[...rig.model.applications.values()][0], uuid: 'more', id: 77 } as never);
    rig.reconnect();
    await reconciled(rig, 2);
    await acted;
    expect(states[0]).toBe('BLOCKED');
    expect(states).not.toContain('UNBLOCKED');
    await reconciled(rig, 3);
    expect(copiedCallersOf(rig.copy)).toEqual(callersOf(rig.model));
  });
});

describe('a comparison', () => {
  test('repairs what events that never came would have changed', async () => {
    const rig = await follower();
    rig.model.publishTo(() => undefined);
    rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
    rig.model.deleteApplication(rig.model.addApplication('Gone'));
    const pasta = rig.model.addApi('Pasta');
    rig.model.subscribe(rig.application, pasta);
    rig.away('closed');
    expect(rig.source.status()).toMatchObject({ state: 'away', problem: 'event hub: closed' });
    rig.reconnect();
    await reconciled(rig, 2);
    expect(copiedCallersOf(rig.copy)).toEqual(callersOf(rig.model));
    expect(rig.source.status()).toMatchObject({ state: 'following', problem: null });
  });

  test('writes nothing where nothing changed', async () => {
    const rig = await follower();
    rig.reconnect();
    await reconciled(rig, 2);
    expect(rig.told.filter((line) => line.startsWith('reconciled')).at(-1)).toBe('reconciled 0');
  });

  test.each(['keymanagers', 'apis', 'applications', 'application-key-mappings', 'subscriptions'])(
    'with %s suddenly empty is held back until somebody confirms it',
    async (list) => {
      const rig = await follower();
      rig.server.fault(`${DATA}/${list}`, {
        kind: 'body',
        body: list === 'keymanagers' ? '[]' : '{"count":0,"list":[]}',
      });
      const before = rig.copy.content();
      rig.reconnect();
      await eventually('held back', () => rig.told.find((line) => line.startsWith('held')));
      expect(rig.copy.content()).toEqual(before);
      expect(rig.source.status()).toMatchObject({ state: 'held_back', problem: expect.stringContaining('confirm') });
      // Events go on being taken.
      rig.model.setSubscription(rig.subscription, { subscriptionState: 'BLOCKED' });
      await rig.settled();
      expect(rig.copy.find('subscription', rig.subscription)).toMatchObject({ state: 'BLOCKED' });
      expect(rig.source.confirm()).toBe(true);
      await reconciled(rig, 2);
      expect(copiedCallersOf(rig.copy)).toEqual([]);
      expect(rig.source.confirm()).toBe(false);
    },
  );

  test('with a fifth of the subscriptions gone is held back, with fewer gone it is not', async () => {
    const rig = await shop();
    const ids = Array.from({ length: 59 }, () => rig.model.subscribe(rig.application, rig.api));
    rig.source.start();
    await reconciled(rig, 1);
    rig.model.publishTo(() => undefined);
    for (const id of ids.splice(0, 12)) rig.model.unsubscribe(id);
    rig.reconnect();
    await reconciled(rig, 2);
    expect(rig.copy.image.subscription.size).toBe(48);
    for (const id of ids.splice(0, 11)) rig.model.unsubscribe(id);
    rig.reconnect();
    await eventually('held back', () => rig.told.find((line) => line === 'held subscription:11'));
    expect(rig.copy.image.subscription.size).toBe(48);
  });

  test('leaves alone what belongs to other organizations', async () => {
    const rig = await shop();
    rig.source.start();
    await reconciled(rig, 1);
    const application = {
      ...rig.copy.find('application', rig.application),
      id: 'own',
      organization: 'elsewhere',
    } as never;
    await rig.copy.apply([{ kind: 'application', id: 'own', entity: application }], 'event');
    rig.reconnect();
    await reconciled(rig, 2);
    expect(rig.copy.find('application', 'own')).toMatchObject({ id: 'own', organization: 'elsewhere' });
  });

  test('that the catalog refuses is tried again', async () => {
    const rig = await shop();
    rig.copy.refusal = 'catalog_busy';
    rig.source.start();
    await eventually('a refusal', () => rig.told.includes('problem catalog_busy'));
    rig.copy.refusal = undefined;
    await reconciled(rig, 1);
    expect(copiedCallersOf(rig.copy)).toEqual(callersOf(rig.model));
  });
});
