// Any history of changes at the control plane, with events that are lost, doubled and reordered: after a comparison the copy is what the
// control plane has.

import { expect, test } from 'vitest';
import type { Image } from '../../../../src/sync/comparison/image.ts';
import { eventually } from '../../../rig/eventually.ts';
import { seededRandom } from '../../../rig/seeded-random.ts';
import type { HubMessage, Wso2Model } from '../../../rig/wso2-model.ts';
import { callersOf, copiedCallersOf, KEYCLOAK, wso2Rig } from './wso2-rig.ts';

const ROUNDS = 12;
const CHANGES = 40;

test.each([1, 2, 3, 4, 5, 6])('history %i ends as the control plane has it', { timeout: 60_000 }, async (seed) => {
  const { below } = seededRandom(seed);
  const random = () => below(1_000_000) / 1_000_000;
  const rig = await wso2Rig();
  const { model, copy, source } = rig;
  const waiting: HubMessage[] = [];
  model.addKeyManager('Keycloak', KEYCLOAK);
  model.addKeyManager('Partner', { ...KEYCLOAK, issuer: 'https://partner.example' });
  source.start();
  await eventually('a first copy', () => source.status().complete);
  model.publishTo((message) => {
    if (random() < 0.2) return;
    waiting.push(message);
    if (random() < 0.2) waiting.push(message);
  });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (let at = 0; at < CHANGES; at += 1) changeSomething(model, random);
    // Some come late, some in another order.
    const now = waiting.splice(0, Math.floor(waiting.length * random()));
    for (const message of now.toSorted(() => random() - 0.5)) await rig.deliver(message);
    rig.reconnect();
    await eventually('the control plane’s view', () => {
      // What shrinks suspiciously is confirmed, as an operator would.
      if (source.status().state === 'held_back') source.confirm();
      return JSON.stringify(viewOf(copiedCallersOf(copy), copy.image)) === JSON.stringify(wanted(model));
    });
  }
  expect(rig.told.filter((line) => line.startsWith('dead'))).toEqual([]);
  await rig.stop();
});

function viewOf(callers: readonly string[], { application, deny_policy, revocation }: Image) {
  return {
    callers,
    applications: [...application.values()].map(({ name }) => name).toSorted(),
    blocked: [...deny_policy.values()].map(({ value }) => value).toSorted(),
    revoked: [...revocation.values()].map(({ value }) => value).toSorted(),
  };
}

function wanted(model: Wso2Model) {
  return {
    callers: callersOf(model),
    applications: [...model.applications.values()].map(({ name }) => name).toSorted(),
    blocked: [...model.blocked.values()].map(({ value }) => value).toSorted(),
    revoked: model.revokedJwts.map((row) => row['jwt_signature']).toSorted(),
  };
}

function changeSomething(model: Wso2Model, random: () => number): void {
  const one = <T>(all: Iterable<T>): T | undefined => {
    const list = [...all];
    return list[Math.floor(random() * list.length)];
  };
  const number = Math.floor(random() * 1e9);
  const api = one(model.apis.keys());
  const application = one(model.applications.keys());
  const subscription = one(model.subscriptions.keys());
  const mapped = one(model.mappings.keys());
  const blocked = one(model.blocked.keys());
  const keyManager = random() < 0.5 ? 'Keycloak' : 'Partner';
  const acts: (() => unknown)[] = [
    () => model.addApi(`Api${number}`, { keyManagers: [random() < 0.3 ? 'all' : keyManager] }),
    () => model.addApplication(`App${number}`),
    () =>
      application &&
      model.mapKey(application, `client${number}`, keyManager, random() < 0.5 ? 'PRODUCTION' : 'SANDBOX'),
    () => application && api && model.subscribe(application, api),
    () => application && api && model.subscribe(application, api),
    () =>
      subscription &&
      model.setSubscription(subscription, {
        subscriptionState: one(['BLOCKED', 'UNBLOCKED', 'ON_HOLD', 'PROD_ONLY_BLOCKED']),
      }),
    () => subscription && model.setSubscription(subscription, { policyId: `Tier${number}` }),
    () => subscription && model.unsubscribe(subscription),
    () => mapped && model.unmapKey(mapped),
    () => random() < 0.3 && application && model.deleteApplication(application),
    () => random() < 0.3 && api && model.deleteApi(api),
    () => api && model.setLifecycle(api, one(['PUBLISHED', 'BLOCKED', 'DEPRECATED']) ?? 'PUBLISHED'),
    () => api && model.undeploy(api, 'Default'),
    () => api && model.deploy(api, 'Default'),
    () => api && model.updateApi(api, { keyManagers: [keyManager] }),
    () => model.block('USER', `user${number}`),
    () => blocked !== undefined && model.unblock(blocked),
    () => model.revokeJwt(`jti${number}`, Date.now() + 3_600_000),
  ];
  one(acts)?.();
}
