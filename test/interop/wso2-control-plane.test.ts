// A real RabbitMQ and a control plane that speaks WSO2's paths beside a running Gatehouse: the first load, every type of event through the
// broker, a broker that is restarted, events that are lost, and a start with both of them gone. Figures are printed.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Checks, checksOf } from '../e2e/checks.ts';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseProcess, type LogLine, startGatehouse } from '../rig/gatehouse-process.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { type RabbitMqServer, startRabbitMq } from '../rig/rabbitmq-server.ts';
import { CONTROL_PLANE_LOGIN, type ControlPlaneServer, startControlPlane } from '../rig/wso2-control-plane.ts';
import { mapping, Wso2Model } from '../rig/wso2-model.ts';

const MENU = '/pizza/1.0.0/menu';
const DATA = '/internal/data/v1';
const model = new Wso2Model();
let idp: KeyManagerServer;
let controlPlane: ControlPlaneServer;
let broker: RabbitMqServer;
let gatehouse: GatehouseProcess;
let checks: Checks;
/** The log of those that have ended. */
const written: LogLine[] = [];
let folder: string;
/** Whether events reach the broker. */
let isHubThere = true;
let published = Promise.resolve();
const figures: string[] = [];

let keyManager: string;
let api: string;
let application: string;
let key: string;
let subscription: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-wso2-'));
  writeFileSync(join(folder, 'password'), `${CONTROL_PLANE_LOGIN.password}\n`);
  writeFileSync(join(folder, 'broker-password'), 'guest');
  [idp, controlPlane, broker] = await Promise.all([startKeyManager(), startControlPlane(model), startRabbitMq()]);
  keyManager = model.addKeyManager('Partner', {
    issuer: idp.issuer,
    certificate_type: 'JWKS',
    certificate_value: `${idp.url}/jwks`,
    self_validate_jwt: true,
    consumer_key_claim: 'azp',
    client_secret: 'a secret of the key manager',
  });
  const urlMappings = [mapping('GET', '/menu'), mapping('GET', '/orders', ['order'])];
  api = model.addApi('Pizza', { keyManagers: ['Partner'], urlMappings });
  application = model.addApplication('Shop');
  key = model.mapKey(application, 'shop', 'Partner');
  subscription = model.subscribe(application, api);
  model.publishTo(({ topic, body }) => {
    published = published.then(() => (isHubThere ? broker.publish(topic, body) : undefined));
  });
});

afterAll(async () => {
  checks?.close();
  await gatehouse?.stop();
  await Promise.all([controlPlane?.stop(), broker?.remove(), idp?.close()]);
  rmSync(folder, { recursive: true, force: true });
  console.info(`\nbeside a WSO2 control plane\n${figures.map((line) => `  ${line}`).join('\n')}`);
});

const token = (claims: Readonly<Record<string, unknown>> = {}) =>
  idp.mint({ sub: 'shop', azp: 'shop', scope: 'read', ...claims });
const outcome = (path = MENU, claims = {}) => checks.outcome(path, token(claims));

async function becomes(expected: string, path = MENU, claims = {}): Promise<void> {
  let last = '';
  const is = async () => {
    last = await outcome(path, claims);
    return last === expected;
  };
  await eventually(`the outcome ${expected}`, is).catch((error) => {
    throw new Error(`the outcome stayed ${last} and never was ${expected}`, { cause: error });
  });
}

/** How long it takes from the change at the control plane to the decision that follows it. */
async function follows(what: string, change: () => void, expected: string, path = MENU, claims = {}): Promise<void> {
  const startedMs = performance.now();
  change();
  await becomes(expected, path, claims);
  figures.push(`${what}: ${expected} after ${Math.round(performance.now() - startedMs)} ms`);
}

const linesOf = (message: string) => gatehouse.log().filter((line) => line['msg'] === message);
const readiness = async () => (await fetch(`${gatehouse.adminUrl}/readyz`)).status;

test('with an empty disk and no control plane it is not ready and denies everything, and loads as soon as there is one', async () => {
  controlPlane.fault(DATA, { kind: 'status', status: 503 });
  gatehouse = await startGatehouse({
    folder: join(folder, 'gatehouse'),
    settings: {
      sync: {
        source: 'wso2',
        wso2: {
          url: controlPlane.url,
          username: CONTROL_PLANE_LOGIN.username,
          passwordFile: join(folder, 'password'),
          amqpUrl: broker.url,
          amqpUsername: 'guest',
          amqpPasswordFile: join(folder, 'broker-password'),
          publisher: { url: `${controlPlane.url}/api/am/publisher/v4` },
          reconcileSeconds: 3600,
        },
      },
    },
  });
  checks = checksOf(gatehouse);
  expect(await outcome()).toBe('copy_incomplete');
  expect(await readiness()).toBe(503);
  const startedMs = performance.now();
  controlPlane.fault(DATA, undefined);
  await becomes('allow');
  figures.push(`first load of 5 rows, with back-off: ${Math.round(performance.now() - startedMs)} ms`);
  await eventually('readiness', async () => (await readiness()) === 200);
});

test('each event through the broker rules the next requests', async () => {
  await eventually('a connection to the event hub', () => linesOf('compared with the control plane').length >= 1);
  const set = (subscriptionState: string) => () => model.setSubscription(subscription, { subscriptionState });
  await follows('SUBSCRIPTIONS_UPDATE to BLOCKED', set('BLOCKED'), 'subscription_blocked');
  await follows('SUBSCRIPTIONS_UPDATE to UNBLOCKED', set('UNBLOCKED'), 'allow');
  await follows('SUBSCRIPTIONS_UPDATE to ON_HOLD', set('ON_HOLD'), 'subscription_inactive');
  await follows('SUBSCRIPTIONS_UPDATE to TIER_UPDATE_PENDING', set('TIER_UPDATE_PENDING'), 'allow');
  await follows('SUBSCRIPTIONS_DELETE', () => model.unsubscribe(subscription), 'subscription_not_found');
  await follows(
    'SUBSCRIPTIONS_CREATE',
    () => {
      subscription = model.subscribe(application, api);
    },
    'allow',
  );
  await follows('REMOVE_APPLICATION_KEYMAPPING', () => model.unmapKey(key), 'application_not_found');
  await follows(
    'APPLICATION_REGISTRATION_CREATE',
    () => {
      key = model.mapKey(application, 'shop', 'Partner');
    },
    'allow',
  );
  await follows('API_LIFECYCLE_CHANGE to BLOCKED', () => model.setLifecycle(api, 'BLOCKED'), 'api_blocked');
  await follows('API_LIFECYCLE_CHANGE to PUBLISHED', () => model.setLifecycle(api, 'PUBLISHED'), 'allow');
  await follows(
    'API_UPDATE of keyManagers',
    () => model.updateApi(api, { keyManagers: ['Nobody'] }),
    'key_manager_not_allowed',
  );
  await follows('API_UPDATE of keyManagers', () => model.updateApi(api, { keyManagers: ['Partner'] }), 'allow');
  await follows(
    'API_UPDATE of audiences',
    () => model.updateApi(api, { audiences: ['pizza'] }),
    'audience_not_accepted',
  );
  await follows('API_UPDATE of audiences', () => model.updateApi(api, { audiences: [] }), 'allow');
  await follows('REMOVE_API_FROM_GATEWAY', () => model.undeploy(api, 'Default'), 'api_not_found');
  await follows('DEPLOY_API_IN_GATEWAY', () => model.deploy(api, 'Default'), 'allow');
  await follows(
    'key manager update',
    () => model.updateKeyManager(keyManager, { enabled: false }),
    'key_manager_disabled',
  );
  await follows('key manager update', () => model.updateKeyManager(keyManager, { enabled: true }), 'allow');
  let condition = 0;
  await follows(
    'throttleData, API blocked',
    () => {
      condition = model.block('API', '/pizza/1.0.0');
    },
    'denied_by_policy',
  );
  await follows('throttleData, API unblocked', () => model.unblock(condition), 'allow');
  await follows(
    'tokenRevocation of a JWT',
    () => model.revokeJwt('a-jti', Date.now() + 60_000),
    'token_revoked',
    MENU,
    { jti: 'a-jti' },
  );
  expect(await outcome()).toBe('allow');
  const other = model.addApi('Pasta', { keyManagers: ['all'] });
  await follows('API_CREATE, not subscribed', () => undefined, 'subscription_not_found', '/pasta/1.0.0/x');
  await follows(
    'SUBSCRIPTIONS_CREATE of it',
    () => void model.subscribe(application, other),
    'allow',
    '/pasta/1.0.0/x',
  );
  await follows('API_DELETE', () => model.deleteApi(other), 'api_not_found', '/pasta/1.0.0/x');
  model.setPolicy('SUBSCRIPTION', 'Gold', { rateLimitCount: 5 });
  model.setPolicy('APPLICATION', '10PerMin', { rateLimitCount: 10 });
  model.setScope('order', ['waiter']);
  model.updateApplication(application, { name: 'Pizza shop', policy: '10PerMin' });
  await eventually(
    'the application’s new name',
    async () => (await checks.check(MENU, token())).metadata['application'] === 'Pizza shop',
  );
  // Only tokens of before are hit, and a poll in the next second would bring one of after.
  const before = { iat: Math.floor(Date.now() / 1000) - 1 };
  await follows('tokenRevocation of a client', () => model.revokeClient('shop'), 'token_revoked', MENU, before);
});

test('a client that is revoked gets on with tokens of later', async () => {
  await becomes('allow', MENU, { iat: Math.floor(Date.now() / 1000) + 2 });
});

const later = () => ({ iat: Math.floor(Date.now() / 1000) + 2 });

test('a broker that is gone changes no decision, and what was missed is repaired when it is back', async () => {
  await published;
  await broker.stop();
  isHubThere = false;
  await eventually(
    'the loss of the event hub',
    () => linesOf('the control plane cannot be followed; the copy stays as it is').length > 0,
  );
  expect(await outcome(MENU, later())).toBe('allow');
  model.setSubscription(subscription, { subscriptionState: 'BLOCKED' });
  const lost = model.addApi('Salad', { keyManagers: ['Partner'] });
  model.subscribe(application, lost);
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await outcome(MENU, later())).toBe('allow');
  const startedMs = performance.now();
  await broker.start();
  isHubThere = true;
  const upMs = performance.now();
  await becomes('subscription_blocked', MENU, later());
  await becomes('allow', '/salad/1.0.0/x', later());
  figures.push(
    `3 events lost while the broker was away ${Math.round(upMs - startedMs)} ms and more: repaired ${Math.round(performance.now() - upMs)} ms after it was back`,
  );
  await follows(
    'SUBSCRIPTIONS_UPDATE after that',
    () => model.setSubscription(subscription, { subscriptionState: 'UNBLOCKED' }),
    'allow',
    MENU,
    later(),
  );
});

test('an event that nobody can read is put aside, and those behind it are taken', async () => {
  await broker.publish('notification', 'poison with a secret');
  await follows(
    'SUBSCRIPTIONS_UPDATE behind a poisoned event',
    () => model.setSubscription(subscription, { subscriptionState: 'BLOCKED' }),
    'subscription_blocked',
    MENU,
    later(),
  );
  model.setSubscription(subscription, { subscriptionState: 'UNBLOCKED' });
  await becomes('allow', MENU, later());
  await gatehouse.logged((line) => line['code'] === 'no_payload');
});

test('a control plane that suddenly has nothing is held back', async () => {
  controlPlane.fault(`${DATA}/subscriptions`, { kind: 'body', body: '{"count":0,"list":[]}' });
  await broker.publish('notification', 'something that asks for a comparison');
  await eventually('an alarm', () =>
    gatehouse.log().some((line) => String(line['msg']).startsWith('the control plane has much less')),
  );
  expect(await outcome(MENU, later())).toBe('allow');
  controlPlane.fault(`${DATA}/subscriptions`, undefined);
  await broker.publish('notification', 'again');
  await eventually('the end of the alarm', async () => {
    const answer = await fetch(`${gatehouse.adminUrl}/sync/status`, {
      headers: { authorization: `Bearer ${gatehouse.adminToken}` },
    });
    return ((await answer.json()) as { state?: string }).state === 'following';
  });
});

test('a comparison with nothing new writes nothing', async () => {
  await published;
  const compared = () => linesOf('compared with the control plane');
  const before = compared().length;
  await broker.publish('notification', 'one more');
  await eventually('another comparison', () => compared().length > before);
  expect(compared().at(-1)).toMatchObject({ changes: 0 });
});

test('killed and started with control plane and event hub gone, it decides as before', async () => {
  await published;
  await Promise.all([controlPlane.stop(), broker.stop()]);
  checks.close();
  gatehouse.signal('SIGKILL');
  await gatehouse.exited;
  written.push(...gatehouse.log());
  const startedMs = performance.now();
  gatehouse = await gatehouse.again();
  checks = checksOf(gatehouse);
  await becomes('allow', MENU, later());
  figures.push(`started with both gone: allow after ${Math.round(performance.now() - startedMs)} ms`);
  expect(await outcome('/pizza/1.0.0/orders', later())).toBe('scope_missing');
  expect(await checks.outcome(MENU, idp.mint({ sub: 'x', azp: 'stranger' }))).toBe('application_not_found');
});

test('no secret is in the log', async () => {
  checks.close();
  await gatehouse.stop();
  written.push(...gatehouse.log());
  const text = JSON.stringify(written);
  for (const secret of [CONTROL_PLANE_LOGIN.password, 'a secret of the key manager', 'guest', 'poison with'])
    expect(text).not.toContain(secret);
});
