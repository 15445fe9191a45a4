// What a catalog document does to a catalog that may already have a history.

import { expect, test, vi } from 'vitest';
import type { CatalogFacts } from '../../../../src/domain/catalog-facts.ts';
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
import { behindItsBack, idsOf, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const WITHOUT_WINNING = { catalogWins: false };
const BLOCK = "UPDATE subscription SET state = 'BLOCKED'";

async function withPizza() {
  const catalog = await openTemporary();
  const first = await catalog.writer.applyCatalog(pizzaFacts(), 'first', WITHOUT_WINNING);
  expect(first.kind).toBe('applied');
  const apply = (facts: Partial<CatalogFacts>, digest: string, catalogWins = false) =>
    catalog.writer.applyCatalog({ ...pizzaFacts(), ...facts }, digest, { catalogWins });
  return { catalog, apply };
}

test('a document is stored as it was written, with key manager names resolved to ids', async () => {
  const { catalog } = await withPizza();
  const { apis, keyManagers, subscriber } = idsOf(catalog);
  const { keyManagers: _names, ...written } = api('Pizza');
  expect(catalog.reader.snapshot()?.router.byId.get(apis.get('Pizza') ?? '')?.api).toEqual({
    ...written,
    id: apis.get('Pizza'),
    keyManagers: [keyManagers.get('Partner')],
    ...{ number: 1, provider: '', policy: '', extra: {}, revision: 1 },
  });
  expect(subscriber('shack')).toMatchObject({
    mapping: { consumerKey: 'shack', keyManagerId: keyManagers.get('Partner'), keyType: 'PRODUCTION' },
    application: { name: 'Shack', owner: 'owner', policy: 'Unlimited', organization: ORGANIZATION },
    subscription: { apiId: apis.get('Pizza'), policy: 'Gold', state: 'UNBLOCKED' },
  });
});

test('a list of all stays all, and an empty list stays empty and so allows nobody', async () => {
  const { catalog, apply } = await withPizza();
  await apply({ apis: [api('Pizza', { keyManagers: [] }), api('Orders')] }, 'second');
  const lists = new Map(catalog.lists.listApis(ORGANIZATION).map((one) => [one.name, one.keyManagers]));
  expect(lists).toEqual(
    new Map<string, unknown>([
      ['Orders', 'all'],
      ['Pizza', []],
    ]),
  );
});

test('names mean key managers of the own organization first, then the Global one', async () => {
  const catalog = await openTemporary();
  const global = await catalog.writer.createKeyManager({ ...keyManager('Shared'), organization: 'WSO2/System' }, AUDIT);
  await catalog.writer.createKeyManager({ ...keyManager('Elsewhere'), organization: 'other.example' }, AUDIT);
  const facts = { keyManagers: [], apis: [api('Pizza', { keyManagers: ['Shared'] })], applications: [] };
  expect(await catalog.writer.applyCatalog(facts, 'a', WITHOUT_WINNING)).toMatchObject({ kind: 'applied' });
  expect(catalog.lists.listApis(ORGANIZATION)[0]?.keyManagers).toEqual([(global as { id: string }).id]);
  const foreign = { keyManagers: [], apis: [api('Orders', { keyManagers: ['Elsewhere'] })], applications: [] };
  expect(await catalog.writer.applyCatalog(foreign, 'b', WITHOUT_WINNING)).toMatchObject({ why: 'unresolved' });
});

test('a document is applied once per content: the same digest changes nothing, not even what an admin undid', async () => {
  const { catalog, apply } = await withPizza();
  behindItsBack(catalog.file, (db) => db.exec(BLOCK));
  const revision = catalog.reader.revision();
  expect(await apply({}, 'first')).toEqual({ kind: 'unchanged' });
  expect(await apply({}, 'first', true)).toEqual({ kind: 'unchanged' });
  expect(idsOf(catalog).subscriber('shack').subscription?.state).toBe('BLOCKED');
  expect(catalog.reader.revision()).toBe(revision);
});

test('rows that are not in the document stay', async () => {
  const { catalog, apply } = await withPizza();
  const result = await apply({ keyManagers: [], apis: [api('Third')], applications: [] }, 'second');
  expect(result).toEqual({ kind: 'applied', changes: ['apis[Third:1.0.0] added'] });
  expect(catalog.lists.listApis(ORGANIZATION).map(({ name }) => name)).toEqual(['Orders', 'Pizza', 'Third']);
  expect(idsOf(catalog).subscriber('shack').subscription).not.toBeNull();
});

test('what an admin changed stays when the document changes something else', async () => {
  const { catalog, apply } = await withPizza();
  behindItsBack(catalog.file, (db) => db.exec(BLOCK));
  const changed = application('Shack', { owner: 'new', keys: [key('shack')], subscriptions: [subscription('Pizza')] });
  expect(await apply({ applications: [changed] }, 'second')).toEqual({
    kind: 'applied',
    changes: ['applications[Shack] changed: owner'],
  });
  expect(idsOf(catalog).subscriber('shack')).toMatchObject({
    application: { owner: 'new' },
    subscription: { state: 'BLOCKED' },
  });
});

test('a field that an admin and the document both changed is a conflict, and then nothing is applied', async () => {
  const { catalog, apply } = await withPizza();
  behindItsBack(catalog.file, (db) => db.exec(BLOCK));
  const onHold = [subscription('Pizza', { state: 'ON_HOLD' })];
  const facts = {
    apis: [...pizzaFacts().apis, api('Third')],
    applications: [application('Shack', { owner: 'new', keys: [key('shack')], subscriptions: onHold })],
  };
  const conflict = {
    entity: 'applications[Shack].subscriptions[Pizza:1.0.0]',
    field: 'state',
    catalog: '"ON_HOLD"',
    current: '"BLOCKED"',
  };
  expect(await apply(facts, 'second')).toEqual({ kind: 'conflicts', conflicts: [conflict] });
  expect(catalog.lists.listApis(ORGANIZATION)).toHaveLength(2);
  expect(idsOf(catalog).subscriber('shack')).toMatchObject({
    application: { owner: 'owner' },
    subscription: { state: 'BLOCKED' },
  });
  // It was not applied, so it is tried again at the next start; the catalog may be told to win.
  expect(await apply(facts, 'second')).toMatchObject({ kind: 'conflicts' });
  expect(await apply(facts, 'second', true)).toMatchObject({ kind: 'applied' });
  expect(idsOf(catalog).subscriber('shack').subscription?.state).toBe('ON_HOLD');
});

test('a conflict never shows what may be a secret', async () => {
  const catalog = await openTemporary();
  const facts = (secret: string) => {
    const additionalProperties = { client_secret: secret };
    return { keyManagers: [keyManager('Partner', { additionalProperties })], apis: [], applications: [] };
  };
  await catalog.writer.createKeyManager(
    keyManager('Partner', { additionalProperties: { client_secret: 'old-one' } }),
    AUDIT,
  );
  const result = await catalog.writer.applyCatalog(facts('new-one'), 'a', WITHOUT_WINNING);
  expect(result).toMatchObject({ kind: 'conflicts', conflicts: [{ field: 'additionalProperties' }] });
  expect(JSON.stringify(result)).not.toMatch(/old-one|new-one/);
});

test('an unchanged entry does not bring back what an admin deleted, nor its place on the lists of APIs', async () => {
  const { catalog, apply } = await withPizza();
  const partner = idsOf(catalog).keyManagers.get('Partner') ?? '';
  expect(
    await catalog.writer.deleteKeyManager(
      { organization: ORGANIZATION, id: partner, expectedVersion: null },
      true,
      AUDIT,
    ),
  ).toMatchObject({ kind: 'deleted' });
  const apis = [api('Pizza', { keyManagers: ['Partner'], audiences: ['pizza'] }), api('Orders')];
  expect(await apply({ apis }, 'second')).toEqual({
    kind: 'applied',
    changes: ['apis[Pizza:1.0.0] changed: audiences'],
  });
  expect(catalog.lists.listKeyManagers(ORGANIZATION).map(({ dto }) => dto.name)).toEqual(['Staff']);
  expect(catalog.lists.listApis(ORGANIZATION)).toMatchObject([{ keyManagers: 'all' }, { keyManagers: [] }]);
  // Nor when a key manager of the old name has come since.
  await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT);
  expect(await apply({}, 'third')).toMatchObject({ kind: 'applied' });
  expect(catalog.lists.listApis(ORGANIZATION)).toMatchObject([{ keyManagers: 'all' }, { keyManagers: [] }]);
  expect(idsOf(catalog).subscriber('shack').mapping).toBeNull();
});

test('a changed entry that an admin deleted is a conflict', async () => {
  const { catalog, apply } = await withPizza();
  behindItsBack(catalog.file, (db) => db.exec('DELETE FROM application'));
  expect(await apply({ apis: [...pizzaFacts().apis, api('Third')] }, 'second')).toMatchObject({ kind: 'applied' });
  const withMore = application('Shack', { keys: [key('shack')], subscriptions: [subscription('Orders')] });
  expect(await apply({ applications: [withMore] }, 'third')).toEqual({
    kind: 'conflicts',
    conflicts: [{ entity: 'applications[Shack]', field: '', catalog: 'changed', current: 'deleted' }],
  });
  expect(await apply({ applications: [withMore] }, 'third', true)).toMatchObject({ kind: 'applied' });
  expect(idsOf(catalog).subscriber('shack', 'Partner', 'Orders')).toMatchObject({
    application: { name: 'Shack' },
    subscription: { policy: 'Gold' },
  });
});

test('an entry that an admin wrote first is adopted when it is the same, and disputed when it is not', async () => {
  const catalog = await openTemporary();
  await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT);
  const facts = (more: object) => ({ keyManagers: [keyManager('Partner', more)], apis: [], applications: [] });
  expect(await catalog.writer.applyCatalog(facts({ displayName: 'Partners' }), 'a', WITHOUT_WINNING)).toMatchObject({
    kind: 'conflicts',
    conflicts: [{ entity: 'keyManagers[Partner]', field: 'displayName', current: 'absent' }],
  });
  expect(await catalog.writer.applyCatalog(facts({}), 'b', WITHOUT_WINNING)).toEqual({ kind: 'applied', changes: [] });
  expect(await catalog.writer.applyCatalog(facts({ displayName: 'Partners' }), 'c', WITHOUT_WINNING)).toEqual({
    kind: 'applied',
    changes: ['keyManagers[Partner] changed: displayName'],
  });
});

test('a name that leads nowhere refuses the whole document and says where it stands', async () => {
  const catalog = await openTemporary();
  const facts = {
    keyManagers: [keyManager('Partner')],
    apis: [api('Pizza', { keyManagers: ['Partner', 'Partnr'] })],
    applications: [application('Shack', { keys: [key('x', 'Nobody')], subscriptions: [subscription('Pasta')] })],
  };
  const result = await catalog.writer.applyCatalog(facts, 'a', WITHOUT_WINNING);
  expect(result).toMatchObject({ kind: 'refused', why: 'unresolved' });
  expect(result.kind === 'refused' && result.fields.map(({ field }) => field)).toEqual([
    'apis[0].keyManagers[1]',
    'applications[0].keys[0].keyManager',
    'applications[0].subscriptions[0].api',
  ]);
  expect(catalog.reader.snapshot()).toMatchObject({ structureRevision: 0 });
  expect(catalog.lists.listKeyManagers(ORGANIZATION)).toEqual([]);
});

test('two APIs on one host and context are refused, and both are named', async () => {
  const { catalog, apply } = await withPizza();
  const rival = api('Rival', { context: '/other', defaultVersionContext: '/pizza/1.0.0' });
  expect(await apply({ apis: [...pizzaFacts().apis, rival] }, 'second')).toEqual({
    kind: 'refused',
    why: 'conflict',
    fields: [{ field: 'apis[2].context', message: expect.stringMatching(/Pizza:1\.0\.0 and Rival:1\.0\.0/) }],
  });
  const elsewhere = { ...rival, hosts: ['other.example'] };
  expect(await apply({ apis: [...pizzaFacts().apis, elsewhere] }, 'third')).toMatchObject({ kind: 'applied' });
  expect(catalog.lists.listApis(ORGANIZATION)).toHaveLength(3);
});

test('APIs may trade contexts, and applications their clients, within one document', async () => {
  const { catalog, apply } = await withPizza();
  await apply(
    { applications: [...pizzaFacts().applications, application('Other', { keys: [key('other')] })] },
    'second',
  );
  const traded = {
    apis: [
      api('Pizza', { keyManagers: ['Partner'], context: '/orders/1.0.0' }),
      api('Orders', { context: '/pizza/1.0.0' }),
    ],
    applications: [
      application('Shack', { keys: [key('other')], subscriptions: [subscription('Pizza')] }),
      application('Other', { keys: [key('shack')] }),
    ],
  };
  expect(await apply(traded, 'third')).toMatchObject({ kind: 'applied' });
  expect(catalog.lists.listApis(ORGANIZATION)).toMatchObject([
    { context: '/pizza/1.0.0' },
    { context: '/orders/1.0.0' },
  ]);
  expect(idsOf(catalog).subscriber('shack').application?.name).toBe('Other');
});

test('a client that belongs to another application is refused', async () => {
  const { apply } = await withPizza();
  const thief = application('Thief', { keys: [key('shack')] });
  expect(await apply({ applications: [...pizzaFacts().applications, thief] }, 'second')).toEqual({
    kind: 'refused',
    why: 'conflict',
    fields: [{ field: 'applications[1].keys[0].consumerKey', message: expect.stringContaining('"Shack"') }],
  });
});

test('an entry that is there twice is refused', async () => {
  const { apply } = await withPizza();
  expect(await apply({ apis: [...pizzaFacts().apis, api('Pizza')] }, 'second')).toMatchObject({
    kind: 'refused',
    why: 'exists',
    fields: [{ field: 'apis[2]' }],
  });
});

test('two enabled key managers of one issuer need rules that tell them apart', async () => {
  const { apply } = await withPizza();
  const twins = (rules: boolean) =>
    ['a', 'b'].map((tenant) => ({
      ...keyManager(`Twin-${tenant}`, { issuer: 'https://shared.example' }),
      jwtRules: rules ? [{ tenant }] : [],
    }));
  expect(await apply({ keyManagers: [...pizzaFacts().keyManagers, ...twins(false)] }, 'second')).toMatchObject({
    kind: 'refused',
    why: 'issuer_shared',
    fields: [{ field: 'keyManagers[2].issuer' }, { field: 'keyManagers[3].issuer' }],
  });
  expect(await apply({ keyManagers: [...pizzaFacts().keyManagers, ...twins(true)] }, 'third')).toMatchObject({
    kind: 'applied',
  });
});

test('two enabled key managers without issuer need rules that tell them apart, in a document as elsewhere', async () => {
  const { apply } = await withPizza();
  const twins = ['A', 'B'].map((name) => ({ ...keyManager(name), issuers: [], jwtRules: [{ tenant: 'same' }] }));
  expect(await apply({ keyManagers: [...pizzaFacts().keyManagers, ...twins] }, 'second')).toMatchObject({
    kind: 'refused',
    why: 'issuer_shared',
    fields: [{ field: 'keyManagers[2].tokenValidation' }, { field: 'keyManagers[3].tokenValidation' }],
  });
});

test('audiences that an API expects of a key manager are told by its name, kept by its id, and go with it', async () => {
  const catalog = await openTemporary();
  const pizza = (audiencesByKeyManager: Record<string, string[]>) => {
    const apis = [api('Pizza', { audiencesByKeyManager }), api('Orders')];
    return { ...pizzaFacts(), apis, applications: [] };
  };
  const apply = (facts: CatalogFacts, digest: string) =>
    catalog.writer.applyCatalog(facts, digest, { catalogWins: false });
  await apply(pizza({ Partner: ['p'], Staff: ['s', 't'] }), 'a');
  const { keyManagers, apis } = idsOf(catalog);
  const [partner, staff] = [keyManagers.get('Partner') ?? '', keyManagers.get('Staff') ?? ''];
  const held = () => catalog.reader.snapshot()?.router.byId.get(apis.get('Pizza') ?? '')?.api.audiencesByKeyManager;
  expect(held()).toEqual({ [partner]: ['p'], [staff]: ['s', 't'] });
  expect(await apply(pizza({ Staff: ['s', 't'], Partner: ['p'] }), 'b')).toEqual({ kind: 'applied', changes: [] });
  expect(await apply(pizza({ Partner: ['q'], Nobody: ['x'] }), 'c')).toMatchObject({
    kind: 'refused',
    why: 'unresolved',
    fields: [{ field: 'apis[0].audiencesByKeyManager.Nobody' }],
  });
  expect(await apply(pizza({ Partner: ['q'] }), 'd')).toMatchObject({
    changes: ['apis[Pizza:1.0.0] changed: audiencesByKeyManager'],
  });
  expect(held()).toEqual({ [partner]: ['q'] });
  // It is in use by name, also where the API allows all.
  const key = { organization: ORGANIZATION, id: partner, expectedVersion: null };
  expect(await catalog.writer.deleteKeyManager(key, false, AUDIT)).toMatchObject({ why: 'in_use' });
  expect(catalog.lists.usedKeyManagers()).toEqual(new Set([partner]));
  await catalog.writer.deleteKeyManager(key, true, AUDIT);
  expect(held()).toEqual({});
  await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT);
  expect(held()).toEqual({});
  await catalog.close();
  const again = await openTemporary(catalog.file);
  expect(again.lists.listApis(ORGANIZATION).map(({ audiencesByKeyManager }) => audiencesByKeyManager)).toEqual([
    {},
    {},
  ]);
});
