// An admin's writes of single key managers.

import { expect, test, vi } from 'vitest';
import type { OpenCatalog } from '../../../../src/catalog/open-catalog.ts';
import type { KeyManagerWrite } from '../../../../src/domain/catalog-facts.ts';
import type { LiteralRule } from '../../../../src/domain/key-manager.ts';
import type { StoredKeyManager } from '../../../../src/domain/key-manager-dto.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts } from '../catalog-samples.ts';
import { idsOf, openTemporary, subscriberOf } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const OTHER = 'other.example';

test('a new key manager is stored with its DTO, an id, the order of its creation, and whether it is the Global one', async () => {
  const { writer, lists } = await openTemporary();
  const first = (await writer.createKeyManager(
    keyManager('First', { id: 'mine', description: 'x' }),
    AUDIT,
  )) as StoredKeyManager;
  const global = { ...keyManager('Second'), organization: 'WSO2/System' };
  const second = (await writer.createKeyManager(global, AUDIT)) as StoredKeyManager;
  expect(first.dto).toMatchObject({ id: first.id, name: 'First', description: 'x', enabled: true, global: false });
  expect(first.id).not.toBe('mine');
  expect(second.dto.global).toBe(true);
  expect(second.sequence).toBeGreaterThan(first.sequence);
  expect(lists.listKeyManagers(ORGANIZATION)).toEqual([first]);
  expect(lists.findKeyManager(ORGANIZATION, first.id)).toEqual(first);
  expect(lists.findKeyManager(OTHER, first.id)).toBeUndefined();
});

test('a name is taken within its organization only', async () => {
  const { writer } = await openTemporary();
  await writer.createKeyManager(keyManager('Partner'), AUDIT);
  expect(
    await writer.createKeyManager(keyManager('Partner', { issuer: 'https://another.example' }), AUDIT),
  ).toMatchObject({
    kind: 'refused',
    why: 'exists',
    fields: [{ field: 'name' }],
  });
  expect(await writer.createKeyManager({ ...keyManager('Partner'), organization: OTHER }, AUDIT)).toHaveProperty('id');
});

test('an issuer is shared by two enabled key managers of one organization only with rules that exclude each other', async () => {
  const { writer } = await openTemporary();
  const issuer = 'https://shared.example';
  const a = { ...keyManager('A', { issuer }), jwtRules: [{ tenant: 'a' }] };
  expect(await writer.createKeyManager(a, AUDIT)).toHaveProperty('id');
  const refused = { kind: 'refused', why: 'issuer_shared', fields: [{ field: 'issuer' }] };
  expect(await writer.createKeyManager(keyManager('B', { issuer }), AUDIT)).toMatchObject(refused);
  expect(await writer.createKeyManager({ ...a, dto: { ...a.dto, name: 'B' } }, AUDIT)).toMatchObject(refused);
  const b = { ...keyManager('B', { issuer }), jwtRules: [{ tenant: 'b' }] };
  expect(await writer.createKeyManager(b, AUDIT)).toHaveProperty('id');
  // None of these can claim a token that another one claims.
  expect(await writer.createKeyManager(keyManager('Disabled', { issuer, enabled: false }), AUDIT)).toHaveProperty('id');
  expect(
    await writer.createKeyManager(keyManager('Exchanged', { issuer, tokenType: 'EXCHANGED' }), AUDIT),
  ).toHaveProperty('id');
  expect(await writer.createKeyManager({ ...keyManager('C', { issuer }), organization: OTHER }, AUDIT)).toHaveProperty(
    'id',
  );
});

test('two enabled key managers of one organization without issuer need rules that exclude each other', async () => {
  const { writer } = await openTemporary();
  const create = (name: string, rules: readonly LiteralRule[], more: Partial<KeyManagerWrite> = {}) =>
    writer.createKeyManager({ ...keyManager(name), issuers: [], jwtRules: rules, ...more }, AUDIT);
  expect(await create('A', [{ tenant: 'a' }])).toHaveProperty('id');
  const refused = {
    kind: 'refused',
    why: 'issuer_shared',
    fields: [{ field: 'tokenValidation', message: expect.stringContaining('"A" is without issuer too') }],
  };
  expect(await create('B', [{ tenant: 'a' }])).toMatchObject(refused);
  expect(await create('B', [{ tenant: 'b' }, { group: 'x' }])).toMatchObject(refused);
  expect(await create('B', [{ tenant: 'b' }])).toHaveProperty('id');
  // None of these can claim a token that another one claims.
  expect(await create('Ruleless', [])).toHaveProperty('id');
  expect(await create('Issuer', [{ tenant: 'a' }], { issuers: ['https://a.example'] })).toHaveProperty('id');
  expect(await create('Disabled', [{ tenant: 'a' }], { enabled: false })).toHaveProperty('id');
  expect(await create('Elsewhere', [{ tenant: 'a' }], { organization: OTHER })).toHaveProperty('id');
});

test('a refused key manager leaves nothing behind', async () => {
  const { writer, reader, lists } = await openTemporary();
  await writer.createKeyManager(keyManager('A', { issuer: 'https://shared.example' }), AUDIT);
  const revision = reader.revision();
  await writer.createKeyManager(keyManager('B', { issuer: 'https://shared.example' }), AUDIT);
  expect(lists.listKeyManagers(ORGANIZATION)).toHaveLength(1);
  expect(reader.revision()).toBe(revision);
});

test('a key manager in use is deleted only by force, and the refusal names who uses it', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  const id = idsOf(catalog).keyManagers.get('Partner') ?? '';
  expect(catalog.lists.keyManagerUsage(id)).toMatchObject({
    apis: [{ name: 'Pizza', version: '1.0.0', organization: ORGANIZATION }],
    applications: [{ name: 'Shack', owner: 'owner', organization: ORGANIZATION }],
  });
  expect(
    await catalog.writer.deleteKeyManager({ organization: ORGANIZATION, id, expectedVersion: null }, false, AUDIT),
  ).toMatchObject({
    kind: 'refused',
    why: 'in_use',
    fields: [{ message: expect.stringMatching(/1 API\(s\) \(Pizza\) and 1 application\(s\) \(Shack\)/) }],
  });
  expect(idsOf(catalog).subscriber('shack').mapping).not.toBeNull();
});

test('a forced deletion removes list entries and key mappings too, and a new key manager of the old name inherits nothing', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  const { keyManagers, apis, subscriber } = idsOf(catalog);
  const id = keyManagers.get('Partner') ?? '';
  await catalog.writer.saveKeySet(id, { url: 'https://Partner.example/jwks', jwks: '{}', fetchedAtMs: 1 });
  const revision = catalog.reader.revision() ?? 0;
  expect(
    await catalog.writer.deleteKeyManager({ organization: ORGANIZATION, id, expectedVersion: null }, true, AUDIT),
  ).toMatchObject({
    kind: 'deleted',
    usage: { apis: [{ name: 'Pizza' }], applications: [{ name: 'Shack' }] },
  });
  expect(catalog.reader.revision()).toBe(revision + 1);
  const successor = (await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT)) as StoredKeyManager;
  expect(successor.id).not.toBe(id);
  const snapshot = catalog.reader.snapshot();
  expect(snapshot?.keyManagers.byId.has(id)).toBe(false);
  expect(snapshot?.router.byId.get(apis.get('Pizza') ?? '')?.api.keyManagers).toEqual([]);
  expect(subscriber('shack').mapping).toBeNull();
  expect(subscriberOf(catalog.reader, 'shack', successor.id, apis.get('Pizza')).mapping).toBeNull();
  expect(catalog.lists.keyManagerUsage(successor.id)).toEqual({ apis: [], applications: [] });
  expect(catalog.keySets.load(id, 'https://partner.example/jwks')).toBeUndefined();
});

test('a key manager of another organization cannot be deleted', async () => {
  const { writer, lists } = await openTemporary();
  const { id } = (await writer.createKeyManager(keyManager('Partner'), AUDIT)) as StoredKeyManager;
  expect(await writer.deleteKeyManager({ organization: OTHER, id, expectedVersion: null }, true, AUDIT)).toMatchObject({
    kind: 'refused',
    why: 'not_found',
  });
  expect(lists.listKeyManagers(ORGANIZATION)).toHaveLength(1);
});

const update = (
  { writer }: OpenCatalog,
  { id }: StoredKeyManager,
  write: KeyManagerWrite,
  expectedVersion: number | null = null,
  organization = ORGANIZATION,
) => writer.updateKeyManager({ organization, id, expectedVersion }, write, AUDIT);

test('an update rules the next question, raises the version, and keeps id and place in the order', async () => {
  const catalog = await openTemporary();
  const first = (await catalog.writer.createKeyManager(keyManager('First'), AUDIT)) as StoredKeyManager;
  await catalog.writer.createKeyManager(keyManager('Second'), AUDIT);
  const issuer = 'https://moved.example';
  const updated = await update(catalog, first, keyManager('First', { issuer, type: 'KeyCloak' }));
  expect(updated).toMatchObject({
    id: first.id,
    sequence: first.sequence,
    version: 2,
    dto: { issuer, type: 'KeyCloak' },
  });
  expect(catalog.lists.findKeyManager(ORGANIZATION, first.id)).toEqual(updated);
  const index = catalog.reader.snapshot()?.keyManagers;
  expect(index?.byId.get(first.id)).toMatchObject({ type: 'KeyCloak', issuers: [issuer] });
  expect([...(index?.byIssuer.get(ORGANIZATION)?.keys() ?? [])].filter((name) => name.includes('First'))).toEqual([]);
  await update(catalog, first, keyManager('First', { enabled: false }));
  expect(catalog.reader.snapshot()?.keyManagers.byId.get(first.id)?.enabled).toBe(false);
});

test('an update of a version that is not the present one is stale and changes nothing; so is a deletion', async () => {
  const catalog = await openTemporary();
  const stored = (await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT)) as StoredKeyManager;
  const described = (description: string) => keyManager('Partner', { description });
  expect(await update(catalog, stored, described('a'), 1)).toMatchObject({ version: 2 });
  const stale = {
    kind: 'refused',
    why: 'stale',
    fields: [{ field: 'If-Match', message: expect.stringContaining('at version 2') }],
  };
  expect(await update(catalog, stored, described('b'), 1)).toMatchObject(stale);
  const key = { organization: ORGANIZATION, id: stored.id, expectedVersion: 1 };
  expect(await catalog.writer.deleteKeyManager(key, true, AUDIT)).toMatchObject(stale);
  expect(catalog.lists.findKeyManager(ORGANIZATION, stored.id)?.dto.description).toBe('a');
  // Of several that read the same version one gets through.
  const all = await Promise.all(['c', 'd', 'e'].map((text) => update(catalog, stored, described(text), 2)));
  expect(all.filter((result) => 'version' in result)).toHaveLength(1);
});

test('a name is never changed, and what another organization has is not found', async () => {
  const catalog = await openTemporary();
  const stored = (await catalog.writer.createKeyManager(keyManager('Partner'), AUDIT)) as StoredKeyManager;
  expect(await update(catalog, stored, keyManager('Other'))).toMatchObject({
    why: 'immutable',
    fields: [{ field: 'name' }],
  });
  expect(await update(catalog, stored, keyManager('Partner'), null, OTHER)).toMatchObject({ why: 'not_found' });
  expect(await update(catalog, { ...stored, id: 'unknown' }, keyManager('Partner'))).toMatchObject({
    why: 'not_found',
  });
});

test('an update cannot bring about what a creation may not: two that could claim one token', async () => {
  const catalog = await openTemporary();
  const a = (await catalog.writer.createKeyManager(keyManager('A'), AUDIT)) as StoredKeyManager;
  const b = keyManager('B', { issuer: 'https://A.example', enabled: false });
  const stored = (await catalog.writer.createKeyManager(b, AUDIT)) as StoredKeyManager;
  const enabled = { ...b, enabled: true, dto: { ...b.dto, enabled: true } };
  expect(await update(catalog, stored, enabled)).toMatchObject({ why: 'issuer_shared' });
  expect(catalog.lists.findKeyManager(ORGANIZATION, stored.id)).toEqual(stored);
  expect(catalog.reader.snapshot()?.keyManagers.byId.get(stored.id)?.enabled).toBe(false);
  await update(catalog, a, keyManager('A', { enabled: false }));
  expect(await update(catalog, stored, enabled)).toMatchObject({ version: 2 });
});

test('the Global key manager shares no issuer with one of any organization, unless their rules exclude each other', async () => {
  const { writer } = await openTemporary();
  const issuer = 'https://shared.example';
  const of = (organization: string, name: string, jwtRules: readonly LiteralRule[] = []): KeyManagerWrite => {
    return { ...keyManager(name, { issuer }), organization, jwtRules };
  };
  const create = (write: KeyManagerWrite) => writer.createKeyManager(write, AUDIT);
  expect(await create(of(ORGANIZATION, 'Own', [{ tenant: 'a' }]))).toHaveProperty('id');
  expect(await create(of('WSO2/System', 'Global'))).toMatchObject({
    why: 'issuer_shared',
    fields: [{ message: expect.stringContaining('"Own"') }],
  });
  expect(await create(of('WSO2/System', 'Global', [{ tenant: 'b' }]))).toHaveProperty('id');
  expect(await create(of(OTHER, 'Theirs', [{ tenant: 'b' }]))).toMatchObject({
    why: 'issuer_shared',
    fields: [{ message: expect.stringContaining('"Global"') }],
  });
  expect(await create(of(OTHER, 'Theirs', [{ tenant: 'a' }]))).toHaveProperty('id');
  const without = (organization: string, name: string) => ({
    ...of(organization, name, [{ group: 'x' }]),
    issuers: [],
  });
  expect(await create(without('WSO2/System', 'GlobalWithout'))).toHaveProperty('id');
  expect(await create(without(OTHER, 'Without'))).toMatchObject({ why: 'issuer_shared' });
});

test('a name or an id means an organization’s own key manager, else the Global one', async () => {
  const catalog = await openTemporary();
  const create = async (organization: string, name: string, issuer: string) =>
    (await catalog.writer.createKeyManager(
      { ...keyManager(name, { issuer }), organization },
      AUDIT,
    )) as StoredKeyManager;
  const own = await create(ORGANIZATION, 'Both', 'https://own.example');
  const global = await create('WSO2/System', 'Both', 'https://global.example');
  const resolved = (organization: string, idOrName: string) =>
    catalog.lists.resolveKeyManager(organization, idOrName)?.id;
  expect(resolved(ORGANIZATION, 'Both')).toBe(own.id);
  expect(resolved(OTHER, 'Both')).toBe(global.id);
  expect(resolved(OTHER, own.id)).toBeUndefined();
  expect(resolved(ORGANIZATION, global.id)).toBe(global.id);
});

test('who follows the structure is told of changed key managers and APIs without asking, and of nothing else', async () => {
  const catalog = await openTemporary();
  const told: (readonly string[])[] = [];
  const end = catalog.onStructureChange((snapshot) =>
    told.push([...snapshot.keyManagers.byId.values()].map(({ name }) => name)),
  );
  const stored = (await catalog.writer.createKeyManager(keyManager('A'), AUDIT)) as StoredKeyManager;
  await catalog.writer.saveKeySet(stored.id, { url: 'https://a.example/jwks', jwks: '{}', fetchedAtMs: 1 });
  await catalog.writer.createKeyManager(keyManager('A'), AUDIT);
  await catalog.writer.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  await vi.waitFor(() => expect(told).toEqual([['A'], ['A', 'Partner', 'Staff']]));
  end();
  await catalog.writer.createKeyManager(keyManager('B'), AUDIT);
  await catalog.writer.saveAuditEntries([]);
  expect(told).toHaveLength(2);
});

test('a key manager has a key set for each of its URLs; of those that it no longer has some stay, and all go with it', async () => {
  const catalog = await openTemporary();
  const { id } = (await catalog.writer.createKeyManager(keyManager('A'), AUDIT)) as StoredKeyManager;
  const url = (at: number) => `https://a.example/${at}`;
  for (let at = 0; at < 20; at++) catalog.keySets.save(id, { url: url(at), jwks: `${at}`, fetchedAtMs: at });
  catalog.keySets.save(id, { url: url(19), jwks: 'again', fetchedAtMs: 30 });
  await catalog.writer.saveAuditEntries([]);
  const kept = Array.from({ length: 20 }, (_, at) => catalog.keySets.load(id, url(at))?.jwks);
  expect(kept).toEqual([...Array(4).fill(undefined), ...Array.from({ length: 15 }, (_, at) => `${at + 4}`), 'again']);
  await catalog.writer.deleteKeyManager({ organization: ORGANIZATION, id, expectedVersion: null }, false, AUDIT);
  expect(catalog.keySets.load(id, url(19))).toBeUndefined();
});
