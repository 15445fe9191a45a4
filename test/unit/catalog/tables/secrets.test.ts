// Secrets of key managers at rest: sealed, kept where a write masks them, opened only for who decides, and gone when they are gone.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { OpenCatalog } from '../../../../src/catalog/open-catalog.ts';
import { CatalogUnusable } from '../../../../src/catalog/outcome/catalog-unusable.ts';
import type { KeyManagerWrite } from '../../../../src/domain/catalog-facts.ts';
import type { StoredKeyManager } from '../../../../src/domain/key-manager-dto.ts';
import { SECRET_MASK } from '../../../../src/domain/secret-fields.ts';
import type { SealingKey } from '../../../../src/sealing/sealing-key.ts';
import { AUDIT, keyManager, ORGANIZATION, resolveKeyManager, SEALING_KEY } from '../catalog-samples.ts';
import { behindItsBack, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const CANARY = 'canary-7f3a9c51';
const OTHER_KEY: SealingKey = { id: 'next', secret: Buffer.alloc(32, 9).toString('base64url') };

/** A key manager with secrets, as its type hands it over: masked, and the secrets apart. */
function withSecrets(
  name: string,
  secrets: Record<string, string>,
  more: Record<string, unknown> = {},
): KeyManagerWrite {
  const masked = Object.fromEntries(Object.keys(secrets).map((member) => [member, SECRET_MASK]));
  return {
    ...keyManager(name, { additionalProperties: { ...more, ...masked } }),
    secrets: Object.fromEntries(
      Object.entries(secrets).map(([member, secret]) => [`/additionalProperties/${member}`, JSON.stringify(secret)]),
    ),
  };
}

const create = async ({ writer }: OpenCatalog, write: KeyManagerWrite) =>
  (await writer.createKeyManager(write, AUDIT)) as StoredKeyManager;
const keyOf = ({ id }: StoredKeyManager, expectedVersion: number | null = null) => {
  return { organization: ORGANIZATION, id, expectedVersion };
};
const opened = ({ lists }: OpenCatalog, { id }: StoredKeyManager) => lists.openKeyManager(ORGANIZATION, id)?.secrets;

/** Names of the files of the catalog's folder in which a text stands. */
function filesWith(text: string, file: string): string[] {
  const folder = dirname(file);
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));
}

/** What resolvers were given, by key manager. */
function resolving() {
  const given = new Map<string, Readonly<Record<string, string>>>();
  return {
    given,
    resolve: (stored: StoredKeyManager) => {
      given.set(stored.dto.name, stored.secrets);
      return resolveKeyManager(stored);
    },
  };
}

test('a secret is in no file of the catalog, in no list and in no audit entry, but whoever decides has it', async () => {
  const { given, resolve } = resolving();
  const catalog = await openTemporary(undefined, { resolveKeyManager: resolve });
  const stored = await create(catalog, withSecrets('Partner', { client_secret: CANARY }, { user: 'gatehouse' }));
  const other = await create(catalog, withSecrets('Other', { client_secret: `${CANARY}-2` }));
  await catalog.writer.updateKeyManager(keyOf(other), withSecrets('Other', { client_secret: `${CANARY}-3` }), AUDIT);
  await catalog.writer.deleteKeyManager(keyOf(other), false, AUDIT);
  catalog.reader.snapshot();
  expect(given.get('Partner')).toEqual({ '/additionalProperties/client_secret': `"${CANARY}"` });
  expect(opened(catalog, stored)).toEqual(given.get('Partner'));
  const shown = [
    stored,
    catalog.lists.listKeyManagers(ORGANIZATION),
    catalog.lists.findKeyManager(ORGANIZATION, stored.id),
    catalog.lists.listAudit(null, { offset: 0, limit: 100 }),
  ];
  expect(JSON.stringify(shown)).not.toContain(CANARY);
  expect(stored.dto.additionalProperties).toEqual({ user: 'gatehouse', client_secret: SECRET_MASK });
  expect(filesWith('gatehouse', catalog.file)).not.toEqual([]);
  expect(filesWith(CANARY, catalog.file)).toEqual([]);
  await catalog.close();
  expect(filesWith(CANARY, catalog.file)).toEqual([]);
});

test('what a type overlooks is taken out all the same, by its name or its form', async () => {
  const catalog = await openTemporary();
  const dto = {
    certificates: { type: 'JWKS' as const, value: `https://user:${CANARY}@idp.example/jwks` },
    additionalProperties: { deep: [{ password: CANARY }], pem: `-----BEGIN PRIVATE KEY-----${CANARY}` },
    tokenValidation: [{ type: 'JWT' as const, value: { body: { token_class: 'gold' } } }],
  };
  const stored = await create(catalog, keyManager('Partner', dto));
  expect(filesWith(CANARY, catalog.file)).toEqual([]);
  expect(JSON.stringify(catalog.lists.listAudit(null, { offset: 0, limit: 9 }))).not.toContain(CANARY);
  expect(Object.keys(opened(catalog, stored) ?? {}).toSorted()).toEqual([
    '/additionalProperties/deep/0/password',
    '/additionalProperties/pem',
    '/certificates/value',
  ]);
  // A claim that sounds secret is none: it is what tokens are compared with.
  expect(stored.dto.tokenValidation).toEqual(dto.tokenValidation);
});

test('an update keeps the secrets that it masks, replaces those that it gives and forgets those that it leaves out', async () => {
  const catalog = await openTemporary();
  const stored = await create(catalog, withSecrets('Partner', { a_secret: 'one', b_secret: 'two', c_secret: 'three' }));
  const update = withSecrets('Partner', { b_secret: 'new' }, { a_secret: SECRET_MASK });
  const updated = (await catalog.writer.updateKeyManager(keyOf(stored), update, AUDIT)) as StoredKeyManager;
  expect(updated.dto.additionalProperties).toEqual({ a_secret: SECRET_MASK, b_secret: SECRET_MASK });
  expect(opened(catalog, stored)).toEqual({
    '/additionalProperties/a_secret': '"one"',
    '/additionalProperties/b_secret': '"new"',
  });
  const [entry] = catalog.lists.listAudit(ORGANIZATION, { offset: 0, limit: 1 }).list;
  expect(entry?.after).toMatchObject({ secretsWritten: ['/additionalProperties/b_secret'] });
});

test('a mask without a secret behind it is refused, in a new key manager and in an update', async () => {
  const catalog = await openTemporary();
  const masked = keyManager('Partner', { additionalProperties: { nested: { client_secret: SECRET_MASK } } });
  const refused = {
    kind: 'refused',
    why: 'unresolved',
    fields: [
      { field: 'additionalProperties.nested.client_secret', message: expect.stringContaining('write the secret') },
    ],
  };
  expect(await catalog.writer.createKeyManager(masked, AUDIT)).toMatchObject(refused);
  const stored = await create(catalog, withSecrets('Partner', { client_secret: 'x' }));
  expect(await catalog.writer.updateKeyManager(keyOf(stored), masked, AUDIT)).toMatchObject(refused);
  expect(opened(catalog, stored)).toEqual({ '/additionalProperties/client_secret': '"x"' });
});

test('a sealed secret that is moved to another row or field, or changed, does not open, and only its key manager is left out', async () => {
  const catalog = await openTemporary();
  const [moved, swapped, flipped, whole] = [
    await create(catalog, withSecrets('Moved', { client_secret: 'm' })),
    await create(catalog, withSecrets('Swapped', { a_secret: 'a', b_secret: 'b' })),
    await create(catalog, withSecrets('Flipped', { client_secret: 'f' })),
    await create(catalog, withSecrets('Whole', { client_secret: 'w' })),
  ];
  behindItsBack(catalog.file, (db) => {
    const sealedOf = db
      .prepare<[string], string>('SELECT sealed FROM key_manager_secret WHERE key_manager_id = ?')
      .pluck();
    const put = db.prepare('UPDATE key_manager_secret SET sealed = ? WHERE key_manager_id = ? AND pointer LIKE ?');
    put.run(sealedOf.get(whole.id), moved.id, '%');
    put.run(sealedOf.get(swapped.id), swapped.id, '%b_secret');
    const sealed = sealedOf.get(flipped.id) ?? '';
    put.run(sealed.slice(0, -2) + (sealed.endsWith('A') ? 'BB' : 'AA'), flipped.id, '%');
  });
  const reasons = [moved, swapped, flipped].map((stored) => opened(catalog, stored));
  expect(reasons).toEqual([undefined, undefined, undefined]);
  await catalog.close();
  const again = await openTemporary(catalog.file);
  expect([...(again.reader.snapshot()?.keyManagers.byId.values() ?? [])].map(({ name }) => name)).toEqual(['Whole']);
  expect(again.events).toEqual(
    [moved, swapped, flipped].map(({ id, dto }) => {
      return { kind: 'secret_unreadable', id, name: dto.name, organization: ORGANIZATION };
    }),
  );
  expect(JSON.stringify(again.events)).not.toContain('1:test:');
  // Written anew it counts again.
  await again.writer.updateKeyManager(keyOf(moved), withSecrets('Moved', { client_secret: 'again' }), AUDIT);
  expect(again.reader.snapshot()?.keyManagers.byId.has(moved.id)).toBe(true);
});

test('a new first key seals everything anew at the next start, after which the old one is not needed any more', async () => {
  const catalog = await openTemporary();
  const stored = await create(catalog, withSecrets('Partner', { client_secret: CANARY }));
  await catalog.close();
  expect(filesWith(`1:${SEALING_KEY.id}:`, catalog.file)).not.toEqual([]);
  const both = await openTemporary(catalog.file, { sealingKeys: [OTHER_KEY, SEALING_KEY] });
  expect(opened(both, stored)).toEqual({ '/additionalProperties/client_secret': `"${CANARY}"` });
  await both.close();
  expect(filesWith(`1:${SEALING_KEY.id}:`, catalog.file)).toEqual([]);
  const later = await openTemporary(catalog.file, { sealingKeys: [OTHER_KEY] });
  expect(opened(later, stored)).toEqual({ '/additionalProperties/client_secret': `"${CANARY}"` });
});

test('a start without a key that is needed, or with another one of its name, ends with the name of the key', async () => {
  const catalog = await openTemporary();
  await create(catalog, withSecrets('Partner', { client_secret: CANARY }));
  await catalog.close();
  const start = (sealingKeys: readonly SealingKey[]) => openTemporary(catalog.file, { sealingKeys });
  await expect(start([OTHER_KEY])).rejects.toThrow(CatalogUnusable);
  await expect(start([OTHER_KEY])).rejects.toThrow('sealed with the key "test", which is not there');
  await expect(start([{ ...OTHER_KEY, id: 'test' }])).rejects.toThrow('another key than the one given as "test"');
  expect(opened(await start([SEALING_KEY]), { id: 'unknown' } as StoredKeyManager)).toBeUndefined();
});

const apply = ({ writer }: OpenCatalog, write: KeyManagerWrite, digest: string, catalogWins = false) =>
  writer.applyCatalog({ keyManagers: [write], apis: [], applications: [] }, digest, { catalogWins });

test('a catalog file and admins change secrets without losing each other’s', async () => {
  const catalog = await openTemporary();
  const file = (secret: string, more = {}) => withSecrets('Partner', { client_secret: secret }, more);
  expect(await apply(catalog, file('one'), 'a')).toMatchObject({ kind: 'applied' });
  const [stored] = catalog.lists.listKeyManagers(ORGANIZATION) as [StoredKeyManager];
  const secret = () => opened(catalog, stored)?.['/additionalProperties/client_secret'];
  // The document says what it said: nothing is written.
  expect(await apply(catalog, file('one'), 'b')).toEqual({ kind: 'applied', changes: [] });
  // Changed in the document alone.
  expect(await apply(catalog, file('two'), 'c')).toMatchObject({
    changes: ['keyManagers[Partner] changed: additionalProperties'],
  });
  expect(secret()).toBe('"two"');
  // Changed over HTTP alone: an unchanged document leaves it, another field of the document goes through.
  await catalog.writer.updateKeyManager(keyOf(stored), file('three'), AUDIT);
  const described = { ...file('two'), dto: { ...file('two').dto, description: 'new' } };
  expect(await apply(catalog, described, 'd')).toMatchObject({
    changes: ['keyManagers[Partner] changed: description'],
  });
  expect(secret()).toBe('"three"');
  // Changed in both: disputed, without a word about either secret.
  const disputed = await apply(catalog, { ...described, ...file('four') }, 'e');
  expect(disputed).toMatchObject({ kind: 'conflicts' });
  expect(JSON.stringify(disputed)).not.toMatch(/three|four/);
  expect(await apply(catalog, { ...described, ...file('four') }, 'e', true)).toMatchObject({ kind: 'applied' });
  expect(secret()).toBe('"four"');
});

test('nothing that is kept of a catalog file lets a guess at its secret be checked', async () => {
  const [one, other] = [await openTemporary(), await openTemporary()];
  for (const catalog of [one, other]) await apply(catalog, withSecrets('Partner', { client_secret: CANARY }), 'digest');
  const kept = ({ file }: { file: string }) =>
    behindItsBack(file, (db) => [
      db.prepare('SELECT fields FROM catalog_document').pluck().all(),
      db.prepare('SELECT catalog_digest FROM meta').pluck().get(),
    ]);
  // The same document in two catalogs leaves nothing in common, so there is nothing to compute from a guess alone.
  const digests = (texts: unknown) => [...JSON.stringify(texts).matchAll(/[A-Za-z0-9_-]{43}/g)].map(([text]) => text);
  const [a, b] = [new Set(digests(kept(one))), new Set(digests(kept(other)))];
  expect(a.size).toBeGreaterThan(3);
  expect([...a].filter((digest) => b.has(digest))).toEqual([]);
  expect(filesWith(CANARY, one.file)).toEqual([]);
});
