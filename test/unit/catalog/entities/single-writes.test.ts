// Single writes of APIs, applications, keys, subscriptions, policies, scopes and deny policies: what each refuses, and what rules next.

import { expect, test, vi } from 'vitest';
import type {
  ApplicationFacts,
  DenyPolicyWrite,
  PolicyWrite,
  WriteRefusal,
} from '../../../../src/domain/catalog-facts.ts';
import { AUDIT, api, keyManager, ORGANIZATION } from '../catalog-samples.ts';
import { behindItsBack, openTemporary, subscriberOf } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const NEW = { organization: ORGANIZATION, id: null, expectedVersion: null };
const at = (id: string, expectedVersion: number | null = null) => ({ organization: ORGANIZATION, id, expectedVersion });
const FOREIGN = { organization: 'elsewhere', expectedVersion: null };

const SHACK: ApplicationFacts = {
  ...{ name: 'Shack', owner: 'paula', policy: 'Gold', description: 'orders pizza', state: 'APPROVED' },
  ...{ attributes: { tier: 'one' }, groups: ['cooks'], extra: { hashEnabled: false } },
};
const GOLD: PolicyWrite = {
  ...{ kind: 'SUBSCRIPTION', name: 'Gold', displayName: 'Gold', description: '' },
  limits: { requestCount: 5 },
};
const BLOCKED_PIZZA: DenyPolicyWrite = { type: 'API', value: '/pizza/1.0.0', invert: false, enabled: true };

/** What was written; a refusal fails the test. */
function done<T>(result: T): Exclude<T, WriteRefusal> {
  expect(result).not.toMatchObject({ kind: 'refused' });
  return result as Exclude<T, WriteRefusal>;
}

/** A key manager, an API of it, an application with a key and a subscription. */
async function world() {
  const catalog = await openTemporary();
  const { writer } = catalog;
  const partner = done(await writer.createKeyManager(keyManager('Partner'), AUDIT));
  const pizza = done(await writer.putApi(NEW, api('Pizza', { keyManagers: ['Partner'] }), AUDIT));
  const shack = done(await writer.putApplication(NEW, SHACK, AUDIT));
  const mapping = { applicationId: shack.id, keyManager: 'Partner', consumerKey: 'c1', extra: {} } as const;
  const key = done(
    await writer.mapKey(ORGANIZATION, { ...mapping, keyType: 'PRODUCTION', mode: 'MAPPED' }, { move: false }, AUDIT),
  );
  const wanted = { applicationId: shack.id, apiId: pizza.id, policy: 'Gold', state: 'UNBLOCKED' } as const;
  const subscription = done(await writer.putSubscription(NEW, wanted, AUDIT));
  const subscriber = () => subscriberOf(catalog.reader, 'c1', partner.id, pizza.id);
  return { ...catalog, partner, pizza, shack, mapping, key, wanted, subscription, subscriber };
}

test('what is written one by one is what a decision finds, all fields included, and in lists', async () => {
  const { lists, pizza, shack, key, subscription, subscriber, partner } = await world();
  const { description: _description, groups: _groups, extra: _extra, ...calling } = shack;
  expect(subscriber()).toMatchObject({
    mapping: { consumerKey: 'c1', applicationId: shack.id, keyType: 'PRODUCTION' },
    application: calling,
    subscription,
  });
  expect(new Set([pizza.number, shack.number, subscription.number]).size).toBe(3);
  expect(lists.find('application', ORGANIZATION, shack.id)).toEqual(shack);
  expect(lists.find('key_mapping', ORGANIZATION, key.id)).toEqual({ ...key, keyManagerId: partner.id });
  expect(lists.find('subscription', ORGANIZATION, subscription.id)).toEqual(subscription);
  expect(lists.find('api', ORGANIZATION, pizza.id)).toEqual({ ...pizza, keyManagers: [partner.id] });
  expect(lists.find('subscription', 'elsewhere', subscription.id)).toBeUndefined();
});

test('a blocked subscription is blocked for the next request, and the routing structure stays as it is', async () => {
  const { writer, reader, subscription, subscriber } = await world();
  const before = reader.snapshot();
  const blocked = done(await writer.setSubscriptionState(at(subscription.id, 1), 'BLOCKED', AUDIT));
  expect(blocked).toMatchObject({ state: 'BLOCKED', version: 2 });
  expect(subscriber().subscription?.state).toBe('BLOCKED');
  expect(reader.snapshot()).toBe(before);
  expect(await writer.setSubscriptionState(at(subscription.id, 1), 'UNBLOCKED', AUDIT)).toMatchObject({ why: 'stale' });
  expect(subscriber().subscription?.state).toBe('BLOCKED');
});

test('a stale version, another organization and an unknown id are refused, whatever is written', async () => {
  const { writer, pizza, shack, subscription } = await world();
  expect(await writer.putApi(at(pizza.id, 7), api('Pizza'), AUDIT)).toMatchObject({ why: 'stale' });
  expect(await writer.putApplication(at(shack.id, 7), SHACK, AUDIT)).toMatchObject({ why: 'stale' });
  expect(await writer.putApplication(at('none'), SHACK, AUDIT)).toMatchObject({ why: 'not_found' });
  expect(await writer.deleteApplication({ ...FOREIGN, id: shack.id }, AUDIT)).toMatchObject({ why: 'not_found' });
  expect(await writer.deleteSubscription({ ...FOREIGN, id: subscription.id }, AUDIT)).toMatchObject({
    why: 'not_found',
  });
  expect(await writer.deleteApi({ ...FOREIGN, id: pizza.id }, true, AUDIT)).toMatchObject({ why: 'not_found' });
});

test('a client has one application: the next to claim it is refused, and an admin may move it', async () => {
  const { writer, lists, mapping, key, subscriber } = await world();
  const other = done(await writer.putApplication(NEW, { ...SHACK, name: 'Other' }, AUDIT));
  const claim = { ...mapping, applicationId: other.id, keyType: 'PRODUCTION', mode: 'MAPPED' } as const;
  expect(await writer.mapKey(ORGANIZATION, claim, { move: false }, AUDIT)).toMatchObject({ why: 'conflict' });
  expect(subscriber().application?.name).toBe('Shack');
  const moved = done(await writer.mapKey(ORGANIZATION, claim, { move: true }, AUDIT));
  expect(subscriber().application?.name).toBe('Other');
  expect(lists.find('key_mapping', ORGANIZATION, key.id)).toBeUndefined();
  const [entry] = lists.listAudit(ORGANIZATION, { offset: 0, limit: 1 }).list;
  expect(entry).toMatchObject({ target: moved.id, before: { id: key.id }, after: { applicationId: other.id } });
  expect(await writer.mapKey(ORGANIZATION, { ...claim, consumerKey: 'c2' }, { move: true }, AUDIT)).toMatchObject({
    why: 'exists',
  });
  expect(await writer.unmapKey('elsewhere', moved.id, AUDIT)).toMatchObject({ why: 'not_found' });
  done(await writer.unmapKey(ORGANIZATION, moved.id, AUDIT));
  expect(subscriber()).toMatchObject({ mapping: null, application: null, subscription: null });
});

test('names that mean nothing are refused: a key manager, an application or an API of another organization', async () => {
  const { writer, pizza, shack, mapping, wanted } = await world();
  const claim = { ...mapping, keyType: 'SANDBOX', mode: 'MAPPED', keyManager: 'Nobody' } as const;
  expect(await writer.mapKey(ORGANIZATION, claim, { move: false }, AUDIT)).toMatchObject({ why: 'unresolved' });
  expect(await writer.putApi(NEW, api('New', { keyManagers: ['Nobody'] }), AUDIT)).toMatchObject({
    why: 'unresolved',
    fields: [{ field: 'keyManagers[0]' }],
  });
  const foreign = { ...FOREIGN, id: null };
  expect(await writer.putSubscription(foreign, wanted, AUDIT)).toMatchObject({ why: 'unresolved' });
  expect(await writer.putSubscription(NEW, { ...wanted, apiId: 'none' }, AUDIT)).toMatchObject({ why: 'unresolved' });
  expect(await writer.putSubscription(NEW, wanted, AUDIT)).toMatchObject({ why: 'exists' });
  expect(await writer.putApplication(NEW, SHACK, AUDIT)).toMatchObject({ why: 'exists' });
  expect(await writer.putApi(NEW, api('Pizza'), AUDIT)).toMatchObject({ why: 'exists' });
  expect(await writer.putApi(NEW, api('Copy', { context: pizza.context }), AUDIT)).toMatchObject({ why: 'conflict' });
  expect(await writer.putApi(at(pizza.id), api('Renamed'), AUDIT)).toMatchObject({ why: 'immutable' });
  expect(shack.version).toBe(1);
});

test('the application of another owner may have the same name', async () => {
  const { writer, lists } = await world();
  done(await writer.putApplication(NEW, { ...SHACK, owner: 'bob' }, AUDIT));
  const { total, list } = lists.page('application', ORGANIZATION, { name: 'Shack' }, { offset: 0, limit: 10 });
  expect(total).toBe(2);
  expect(list.map(({ owner }) => owner)).toEqual(['bob', 'paula']);
});

test('an API with subscriptions goes only with force, and then with them', async () => {
  const { writer, reader, lists, pizza, subscription, subscriber } = await world();
  expect(await writer.deleteApi(at(pizza.id), false, AUDIT)).toMatchObject({ why: 'in_use' });
  done(await writer.deleteApi(at(pizza.id), true, AUDIT));
  expect(reader.snapshot()?.router.byId.size).toBe(0);
  expect(lists.find('subscription', ORGANIZATION, subscription.id)).toBeUndefined();
  expect(subscriber()).toMatchObject({ application: { name: 'Shack' }, subscription: null });
});

test('an API keeps what a write leaves out, and its audiences by key manager are kept by id', async () => {
  const { writer, pizza, partner } = await world();
  const write = api('Pizza', { keyManagers: [partner.id], audiencesByKeyManager: { Partner: ['pizza'] } });
  const first = done(
    await writer.putApi(at(pizza.id, 1), { ...write, provider: 'ann', extra: { tags: ['a'] } }, AUDIT),
  );
  expect(first).toMatchObject({
    revision: 2,
    keyManagers: [partner.id],
    audiencesByKeyManager: { [partner.id]: ['pizza'] },
  });
  const second = done(await writer.putApi(at(pizza.id, 2), write, AUDIT));
  expect(second).toMatchObject({ revision: 3, provider: 'ann', extra: { tags: ['a'] }, number: pizza.number });
});

test('policies and scopes in use stay', async () => {
  const { writer } = await world();
  const gold = done(await writer.putPolicy(NEW, GOLD, AUDIT));
  expect(await writer.deletePolicy(at(gold.id), AUDIT)).toMatchObject({ why: 'in_use' });
  expect(await writer.putPolicy(NEW, GOLD, AUDIT)).toMatchObject({ why: 'exists' });
  expect(await writer.putPolicy(at(gold.id), { ...GOLD, name: 'Silver' }, AUDIT)).toMatchObject({ why: 'immutable' });
  const silver = done(await writer.putPolicy(NEW, { ...GOLD, name: 'Silver' }, AUDIT));
  done(await writer.deletePolicy(at(silver.id), AUDIT));
  const read = { name: 'menu:read', displayName: 'Read', description: '', roles: ['cook'] };
  const scope = done(await writer.putScope(NEW, read, AUDIT));
  expect(await writer.deleteScope(at(scope.id), AUDIT)).toMatchObject({ why: 'in_use' });
  const unused = done(await writer.putScope(NEW, { ...read, name: 'unused' }, AUDIT));
  done(await writer.deleteScope(at(unused.id), AUDIT));
});

test('a deny policy is in the snapshot while it is on, and the router stays the one that it was', async () => {
  const { writer, reader } = await world();
  const router = reader.snapshot()?.router;
  const denied = () => [...(reader.snapshot()?.denyPolicies.byName.values() ?? [])];
  const policy = done(await writer.putDenyPolicy(NEW, BLOCKED_PIZZA, AUDIT));
  expect(denied()).toEqual([policy]);
  expect(reader.snapshot()?.router).toBe(router);
  expect(await writer.putDenyPolicy(NEW, BLOCKED_PIZZA, AUDIT)).toMatchObject({ why: 'exists' });
  done(await writer.putDenyPolicy(at(policy.id, 1), { ...BLOCKED_PIZZA, enabled: false }, AUDIT));
  expect(denied()).toEqual([]);
  done(await writer.putDenyPolicy(at(policy.id, 2), BLOCKED_PIZZA, AUDIT));
  done(await writer.deleteDenyPolicy(at(policy.id), AUDIT));
  expect(denied()).toEqual([]);
});

test('numbers are never handed out twice, not even after a deletion', async () => {
  const { writer, shack } = await world();
  done(await writer.deleteApplication(at(shack.id), AUDIT));
  const next = done(await writer.putApplication(NEW, SHACK, AUDIT));
  expect(next.number).toBeGreaterThan(shack.number);
});

test('lists are paged and filtered; a user sees what is theirs and what their groups may manage', async () => {
  const { writer, lists, shack, file } = await world();
  for (const name of ['100%', '100_', 'Bakery'])
    done(await writer.putApplication(NEW, { ...SHACK, name, owner: 'bob', groups: [] }, AUDIT));
  const names = (filter: Parameters<typeof lists.page<'application'>>[2], limit = 10, offset = 0) => {
    const { total, list } = lists.page('application', ORGANIZATION, filter, { offset, limit });
    return [total, list.map(({ name }) => name)];
  };
  expect(names({})).toEqual([4, ['100%', '100_', 'Bakery', 'Shack']]);
  expect(names({}, 2, 1)).toEqual([4, ['100_', 'Bakery']]);
  expect(names({ nameContains: '0%' })).toEqual([1, ['100%']]);
  expect(names({ nameContains: 'SHA' })).toEqual([1, ['Shack']]);
  expect(names({ managedBy: { user: 'bob', groups: ['cooks'] } })[0]).toBe(4);
  expect(names({ managedBy: { user: 'eve', groups: ['cooks'] } })).toEqual([1, ['Shack']]);
  expect(names({ managedBy: { user: 'eve', groups: [] } })).toEqual([0, []]);
  expect(names({ number: shack.number })).toEqual([1, ['Shack']]);
  const page = { offset: 0, limit: 10 };
  expect(lists.page('subscription', ORGANIZATION, { applicationId: shack.id }, page).total).toBe(1);
  expect(lists.page('subscription', 'elsewhere', { applicationId: shack.id }, page).total).toBe(0);
  expect(lists.page('key_mapping', ORGANIZATION, { consumerKey: 'c1' }, page).total).toBe(1);
  expect(behindItsBack(file, (db) => db.pragma('foreign_key_check'))).toEqual([]);
});
