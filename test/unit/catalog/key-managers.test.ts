// An admin's writes of single key managers.

import { expect, test, vi } from 'vitest';
import type { KeyManagerWrite } from '../../../src/domain/catalog-facts.ts';
import type { LiteralRule } from '../../../src/domain/key-manager.ts';
import type { StoredKeyManager } from '../../../src/domain/key-manager-dto.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts } from './catalog-samples.ts';
import { idsOf, openTemporary } from './temporary-catalog.ts';

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
  expect(catalog.reader.findSubscriber('shack', successor.id, apis.get('Pizza') ?? '').mapping).toBeNull();
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
