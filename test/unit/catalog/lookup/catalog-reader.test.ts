// What the deciding thread sees of a catalog that is being written.

import { expect, test, vi } from 'vitest';
import type { StoredKeyManager } from '../../../../src/domain/key-manager-dto.ts';
import { findApi, type Router } from '../../../../src/domain/router.ts';
import {
  AUDIT,
  api,
  application,
  key,
  keyManager,
  ORGANIZATION,
  pizzaFacts,
  subscription,
} from '../catalog-samples.ts';
import { startProgram } from '../child-program.ts';
import { behindItsBack, idsOf, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

async function openWithPizza(options = {}) {
  const catalog = await openTemporary(undefined, options);
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  return catalog;
}

/** What a router holds, without the order in which it came to hold it. */
function routingOf(router: Router | undefined) {
  return router && { byId: new Map([...router.byId].toSorted()), byName: router.byName };
}

test('a change acknowledged to an admin rules the very next question', async () => {
  const catalog = await openWithPizza();
  for (const state of ['BLOCKED', 'UNBLOCKED', 'ON_HOLD'] as const) {
    const applications = [
      application('Shack', { keys: [key('shack')], subscriptions: [subscription('Pizza', { state })] }),
    ];
    await catalog.writer.applyCatalog({ ...pizzaFacts(), applications }, state, { catalogWins: false });
    expect(idsOf(catalog).subscriber('shack').subscription?.state).toBe(state);
  }
  for (const name of ['A', 'B', 'C']) {
    const { id } = (await catalog.writer.createKeyManager(keyManager(name), AUDIT)) as StoredKeyManager;
    expect(catalog.reader.snapshot()?.keyManagers.byId.get(id)?.name).toBe(name);
    await catalog.writer.deleteKeyManager({ organization: ORGANIZATION, id, expectedVersion: null }, false, AUDIT);
    expect(catalog.reader.snapshot()?.keyManagers.byId.has(id)).toBe(false);
  }
});

test('writes of subscriptions, applications, keys and key sets never rebuild the router', async () => {
  const catalog = await openWithPizza();
  const before = catalog.reader.snapshot();
  const revision = catalog.reader.revision() ?? 0;
  const applications = [...pizzaFacts().applications, application('Other', { keys: [key('other')] })];
  await catalog.writer.applyCatalog({ ...pizzaFacts(), applications }, 'second', { catalogWins: false });
  const id = idsOf(catalog).keyManagers.get('Staff') ?? '';
  await catalog.writer.saveKeySet(id, { url: 'https://staff.example/jwks', jwks: '{}', fetchedAtMs: 5 });
  expect(idsOf(catalog).subscriber('other').application?.name).toBe('Other');
  expect(catalog.reader.revision()).toBe(revision + 2);
  expect(catalog.reader.snapshot()).toBe(before);
});

test('a decision is recorded with the revision that its snapshot was taken at', async () => {
  const catalog = await openWithPizza();
  const { reader } = catalog;
  reader.snapshot();
  const revision = reader.revision() ?? 0;
  expect(reader.lastRevision).toBe(revision);
  const applications = [application('Other', { keys: [key('other')] })];
  await catalog.writer.applyCatalog({ ...pizzaFacts(), applications }, 'second', { catalogWins: false });
  reader.snapshot();
  expect(reader.lastRevision).toBe(revision + 1);
});

test('a key manager that is added changes the index and leaves the router as it is', async () => {
  const catalog = await openWithPizza();
  const before = catalog.reader.snapshot();
  await catalog.writer.createKeyManager(keyManager('Third'), AUDIT);
  const after = catalog.reader.snapshot();
  expect(after?.structureRevision).toBe((before?.structureRevision ?? 0) + 1);
  expect(after?.router).toBe(before?.router);
  expect(after?.keyManagers.byIssuer.get(ORGANIZATION)?.size).toBe(3);
});

test('a moment that structure has moved on from knows no subscriber, so facts of two revisions cannot meet', async () => {
  const catalog = await openWithPizza();
  const { keyManagers, apis } = idsOf(catalog);
  const ask = (moment = catalog.reader.moment()) =>
    moment?.findSubscriber('shack', keyManagers.get('Partner') ?? '', apis.get('Pizza') ?? '');
  const before = catalog.reader.moment();
  expect(ask(before)).toMatchObject({ application: { name: 'Shack' } });
  await catalog.writer.createKeyManager(keyManager('Third'), AUDIT);
  expect(ask()).toMatchObject({ application: { name: 'Shack' } });
  expect(ask(before)).toBe('stale');
});

test('a snapshot that followed every change equals one that is loaded afresh', async () => {
  const followed = await openWithPizza();
  const documents = [
    [api('Pizza', { keyManagers: ['Staff', 'Partner'], context: '/orders/1.0.0' }), api('Orders', { context: '/o' })],
    [api('Pizza', { hosts: ['*.example.com'], keyManagers: ['Staff'] }), api('New', { context: '/orders/1.0.0' })],
  ];
  for (const [at, apis] of documents.entries()) {
    const facts = { keyManagers: pizzaFacts().keyManagers, apis, applications: [] };
    expect((await followed.writer.applyCatalog(facts, `${at}`, { catalogWins: false })).kind).toBe('applied');
    followed.reader.snapshot();
  }
  const staff = idsOf(followed).keyManagers.get('Staff') ?? '';
  await followed.writer.deleteKeyManager({ organization: ORGANIZATION, id: staff, expectedVersion: null }, true, AUDIT);
  const last = followed.reader.snapshot();
  await followed.close();
  const fresh = (await openTemporary(followed.file)).reader.snapshot();
  expect(last?.structureRevision).toBe(fresh?.structureRevision);
  expect(last?.keyManagers).toEqual(fresh?.keyManagers);
  expect([...(last?.router.byId ?? [])].toSorted()).toEqual([...(fresh?.router.byId ?? [])].toSorted());
  for (const [host, path] of [
    ['any', 'orders'],
    ['any', 'o'],
    ['a.example.com', 'pizza'],
    ['any', 'pizza'],
  ] as const) {
    const found = [last, fresh].map((one) => one && findApi(one.router, host, [path, '1.0.0'])?.routed.api);
    expect(found[0]).toEqual(found[1]);
  }
});

test('a forced deletion of a key manager shortens the lists that had it and keeps every resource tree', async () => {
  const catalog = await openTemporary();
  const apis = [
    api('Both', { keyManagers: ['Partner', 'Staff'], hosts: ['a.example', 'b.example'] }),
    api('Only', { keyManagers: ['Partner'], defaultVersionContext: '/only' }),
    api('Other', { keyManagers: ['Staff'] }),
    api('All'),
  ];
  await catalog.writer.applyCatalog({ ...pizzaFacts(), apis, applications: [] }, 'first', { catalogWins: false });
  const { apis: ids, keyManagers } = idsOf(catalog);
  const [partner, staff] = [keyManagers.get('Partner') ?? '', keyManagers.get('Staff') ?? ''];
  const before = catalog.reader.snapshot()?.router;
  await catalog.writer.deleteKeyManager(
    { organization: ORGANIZATION, id: partner, expectedVersion: null },
    true,
    AUDIT,
  );
  await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT);
  const after = catalog.reader.snapshot()?.router;
  const lists = { Both: [staff], Only: [], Other: [staff], All: 'all' };
  for (const [name, list] of Object.entries(lists)) {
    const [old, now] = [before, after].map((router) => router?.byId.get(ids.get(name) ?? ''));
    expect(now?.api.keyManagers).toEqual(list);
    expect(now?.resources).not.toBeUndefined();
    expect(now?.resources).toBe(old?.resources);
    if (name === 'Other' || name === 'All') expect(now).toBe(old);
  }
  // What held the old lists keeps them; what routes by host and context has the new ones.
  expect(before?.byId.get(ids.get('Only') ?? '')?.api.keyManagers).toEqual([partner]);
  for (const [host, segments] of [
    ['a.example', ['both', '1.0.0']],
    ['b.example', ['both', '1.0.0']],
    ['any', ['only', '1.0.0']],
    ['any', ['only']],
  ] as const) {
    const routed = after && findApi(after, host, segments)?.routed;
    expect(routed).toBe(after?.byId.get(routed?.api.id ?? ''));
    expect(routed?.api.keyManagers).not.toContain(partner);
  }
  await catalog.close();
  expect(routingOf((await openTemporary(catalog.file)).reader.snapshot()?.router)).toEqual(routingOf(after));
});

test('APIs changed and key managers deleted since the held revision come out as in a full load', async () => {
  const catalog = await openTemporary();
  const lists = { Moved: ['Partner', 'Staff'], Traded: ['Partner'], Still: ['Staff', 'Partner'] };
  const apis = Object.entries(lists).map(([name, keyManagers]) => api(name, { keyManagers }));
  const facts = { ...pizzaFacts(), apis, applications: [] };
  await catalog.writer.applyCatalog(facts, 'first', { catalogWins: false });
  const { apis: ids, keyManagers } = idsOf(catalog);
  catalog.reader.snapshot();
  const late = (await catalog.writer.createKeyManager(keyManager('Late'), AUDIT)) as StoredKeyManager;
  const changed = [
    api('Moved', { keyManagers: ['Partner', 'Late'], context: '/traded/1.0.0' }),
    api('Traded', { keyManagers: ['Partner', 'Staff'], context: '/moved/1.0.0' }),
    api('Still', { keyManagers: lists.Still }),
    api('New', { keyManagers: ['Staff', 'Partner'] }),
  ];
  expect(
    await catalog.writer.applyCatalog({ ...facts, apis: changed }, 'second', { catalogWins: false }),
  ).toMatchObject({ kind: 'applied' });
  const [partner, staff] = [keyManagers.get('Partner') ?? '', keyManagers.get('Staff') ?? ''];
  await catalog.writer.deleteKeyManager(
    { organization: ORGANIZATION, id: late.id, expectedVersion: null },
    true,
    AUDIT,
  );
  await catalog.writer.deleteKeyManager(
    { organization: ORGANIZATION, id: partner, expectedVersion: null },
    true,
    AUDIT,
  );
  const router = catalog.reader.snapshot()?.router;
  expect(router && findApi(router, 'any', ['traded', '1.0.0'])?.routed.api.name).toBe('Moved');
  const listOf = (id: string | undefined) => router?.byId.get(id ?? '')?.api.keyManagers;
  expect(listOf(ids.get('Moved'))).toEqual([]);
  expect(listOf(ids.get('Traded'))).toEqual([staff]);
  expect(listOf(ids.get('Still'))).toEqual([staff]);
  expect(listOf(idsOf(catalog).apis.get('New'))).toEqual([staff]);
  await catalog.close();
  expect(routingOf((await openTemporary(catalog.file)).reader.snapshot()?.router)).toEqual(routingOf(router));
});

test('a reader that the log of changes does not reach back to loads everything', async () => {
  const catalog = await openWithPizza();
  const before = catalog.reader.snapshot();
  await catalog.writer.createKeyManager(keyManager('Third'), AUDIT);
  await catalog.writer.createKeyManager(keyManager('Fourth'), AUDIT);
  behindItsBack(catalog.file, (db) => db.exec('DELETE FROM structure_change WHERE revision <= 2'));
  const names = [...(catalog.reader.snapshot()?.keyManagers.byId.values() ?? [])].map(({ name }) => name);
  expect(before?.keyManagers.byId.size).toBe(2);
  expect(names).toEqual(['Partner', 'Staff', 'Third', 'Fourth']);
});

test('the log of changes is kept short', async () => {
  const catalog = await openWithPizza();
  behindItsBack(catalog.file, (db) => db.exec('UPDATE meta SET structure_revision = 5000'));
  await catalog.writer.createKeyManager(keyManager('Third'), AUDIT);
  const kept = behindItsBack(catalog.file, (db) => db.prepare('SELECT revision FROM structure_change').pluck().all());
  expect(kept).toEqual([5001]);
});

test('deciding reads go on while another process holds the write lock, and the write that cannot be made says busy', async () => {
  const catalog = await openWithPizza();
  const program = startProgram('holding-process.ts', catalog.file);
  expect(await program.firstLine).toBe('holding');
  const refused = catalog.writer.createKeyManager(keyManager('Third'), AUDIT);
  expect(catalog.reader.snapshot()?.router.byId.size).toBe(2);
  expect(idsOf(catalog).subscriber('shack').application?.name).toBe('Shack');
  expect(await refused).toMatchObject({ why: 'busy', fields: [{ message: expect.stringContaining('try again') }] });
  expect(catalog.events).toMatchObject([{ kind: 'write_failed' }]);
  await program.kill();
  expect(await catalog.writer.createKeyManager(keyManager('Third'), AUDIT)).toHaveProperty('id');
});

test('a key manager that its type cannot read is left out and reported', async () => {
  const catalog = await openTemporary();
  const { id } = (await catalog.writer.createKeyManager(
    keyManager('Odd', { type: 'Broken' }),
    AUDIT,
  )) as StoredKeyManager;
  expect(catalog.reader.snapshot()?.keyManagers.byId.size).toBe(0);
  expect(catalog.events).toEqual([{ kind: 'key_manager_skipped', id, name: 'Odd', organization: ORGANIZATION }]);
});

test('a catalog that cannot be read answers nothing, reports it once, and answers again when it can be read', async () => {
  const catalog = await openWithPizza();
  const { keyManagers, apis } = idsOf(catalog);
  const moment = catalog.reader.moment();
  const ask = () => moment?.findSubscriber('shack', keyManagers.get('Partner') ?? '', apis.get('Pizza') ?? '');
  const snapshot = catalog.reader.snapshot();
  behindItsBack(catalog.file, (db) => db.exec('ALTER TABLE meta RENAME TO hidden'));
  expect(catalog.reader.moment()).toBeUndefined();
  expect(catalog.reader.moment()).toBeUndefined();
  expect(catalog.reader.lastRevision).toBeUndefined();
  // So that a decision starts over, and then finds no moment.
  expect(ask()).toBe('stale');
  expect(catalog.events).toMatchObject([{ kind: 'unreadable' }]);
  behindItsBack(catalog.file, (db) => db.exec('ALTER TABLE hidden RENAME TO meta'));
  expect(catalog.reader.snapshot()).toBe(snapshot);
});

test('a client is known at its own key manager only, and a client without application is unknown', async () => {
  const catalog = await openWithPizza();
  const { subscriber } = idsOf(catalog);
  expect(subscriber('shack', 'Staff')).toMatchObject({ mapping: null, application: null, subscription: null });
  expect(subscriber('stranger')).toMatchObject({ mapping: null, application: null, subscription: null });
  expect(subscriber('shack', 'Partner', 'Orders')).toMatchObject({
    application: { name: 'Shack' },
    subscription: null,
  });
});

test('key sets outlive a restart', async () => {
  const catalog = await openWithPizza();
  const id = idsOf(catalog).keyManagers.get('Partner') ?? '';
  catalog.keySets.save(id, { url: 'https://partner.example/jwks', jwks: '{"keys":[]}', fetchedAtMs: 1234.5 });
  catalog.keySets.save('gone', { url: 'https://gone.example/jwks', jwks: '{}', fetchedAtMs: 1 });
  await catalog.close();
  const again = await openTemporary(catalog.file);
  expect(again.keySets.load(id, 'https://partner.example/jwks')).toEqual({
    url: 'https://partner.example/jwks',
    jwks: '{"keys":[]}',
    fetchedAtMs: 1234,
  });
  expect(again.keySets.load('gone', 'https://partner.example/jwks')).toBeUndefined();
});

test('admin credentials are kept as digests with their rights', async () => {
  const catalog = await openTemporary();
  const credential = { name: 'root', sha256: 'ab'.repeat(32), organization: ORGANIZATION, rights: ['read', 'write'] };
  await catalog.writer.saveAdminCredential({ ...credential, rights: ['read'] });
  await catalog.writer.saveAdminCredential(credential);
  expect(catalog.lists.listAdminCredentials()).toEqual([credential]);
});
