// Copies of a catalog: made while it is written to, put in its place while it is not. Nothing that denies is lost by a restore.

import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { backupCatalog, restoreCatalog } from '../../../../src/catalog/database/backup-catalog.ts';
import { CatalogUnusable } from '../../../../src/catalog/outcome/catalog-unusable.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts, revocation } from '../catalog-samples.ts';
import { behindItsBack, idsOf, openTemporary, temporaryFile } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const NEW = { organization: ORGANIZATION, id: null, expectedVersion: null };
const PLAIN = { policy: 'Gold', description: '', attributes: {}, groups: [], extra: {}, state: 'APPROVED' } as const;
const admin = { kind: 'admin', audit: AUDIT } as const;
const inForce = ({ lists }: Pick<Awaited<ReturnType<typeof openTemporary>>, 'lists'>) =>
  lists
    .listRevocations(ORGANIZATION, 0, { offset: 0, limit: 99 })
    .list.map(({ id }) => id)
    .toSorted();

test('a copy that is made while writes go on is whole, private, and has no secret in the clear', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  const secrets = { '/additionalProperties/client_secret': '"canary-5d1f"' };
  const write = { ...keyManager('Secret', { additionalProperties: { client_secret: '*****' } }), secrets };
  await catalog.writer.createKeyManager(write, AUDIT);
  const copy = join(dirname(catalog.file), 'copy.db');
  const writing = Promise.all(
    Array.from({ length: 20 }, (_, n) =>
      catalog.writer.putApplication(NEW, { ...PLAIN, name: `A${n}`, owner: 'b' }, AUDIT),
    ),
  );
  backupCatalog(catalog.file, copy);
  await writing;
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  expect(readFileSync(copy).includes('canary-5d1f')).toBe(false);
  expect(behindItsBack(copy, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  expect(readdirSync(dirname(copy)).filter((name) => name.endsWith('.new'))).toEqual([]);
  expect(() => backupCatalog(catalog.file, copy)).toThrow(CatalogUnusable);
});

test('a restored catalog is as the copy was, in a new epoch; its former file is kept', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  const copy = join(dirname(catalog.file), 'copy.db');
  backupCatalog(catalog.file, copy);
  const former = catalog.feed.position();
  const late = await catalog.writer.putApplication(NEW, { ...PLAIN, name: 'Late', owner: 'bob' }, AUDIT);
  await catalog.close();
  const { keptAs } = restoreCatalog(copy, catalog.file, 'epoch-2');
  expect(existsSync(keptAs ?? '')).toBe(true);
  const restored = await openTemporary(catalog.file);
  expect(restored.feed.position().epoch).toMatch(/^epoch-2\./);
  expect(restored.feed.changesSince(former, 10)).toBe('too_far');
  expect(idsOf(restored).subscriber('shack').subscription?.state).toBe('UNBLOCKED');
  expect(restored.lists.page('application', ORGANIZATION, { name: 'Late' }, { offset: 0, limit: 1 }).total).toBe(0);
  const next = await restored.writer.putApplication(NEW, { ...PLAIN, name: 'Next', owner: 'bob' }, AUDIT);
  if ('kind' in late || 'kind' in next) throw new Error('refused');
  expect(next.number).toBeGreaterThan(late.number);
});

test('a restore brings no revoked token back: entries and lifts since the copy are taken over', async () => {
  const catalog = await openTemporary();
  await catalog.writer.saveRevocations([revocation({ id: 'old' }), revocation({ id: 'lifted' })], admin);
  const copy = join(dirname(catalog.file), 'copy.db');
  backupCatalog(catalog.file, copy);
  await catalog.writer.saveRevocations([revocation({ id: 'new' }), revocation({ id: 'lifted', lifted: true })], admin);
  await catalog.close();
  expect(restoreCatalog(copy, catalog.file, 'epoch-2').revocations).toBe(2);
  const restored = await openTemporary(catalog.file);
  expect(inForce(restored)).toEqual(['new', 'old']);
  expect(behindItsBack(catalog.file, (db) => db.prepare('SELECT revocations FROM meta').pluck().get())).toBe(2);
});

test('a catalog in use is not restored, and a copy that is damaged, empty or of another program is refused', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  const folder = dirname(catalog.file);
  const copy = join(folder, 'copy.db');
  backupCatalog(catalog.file, copy);
  expect(() => restoreCatalog(copy, catalog.file, 'epoch-2')).toThrow('in use');
  await catalog.close();
  const before = readFileSync(catalog.file);
  const foreign = join(folder, 'foreign.db');
  const db = new Database(foreign);
  db.exec('CREATE TABLE other (id INTEGER)');
  db.close();
  const bytes = readFileSync(copy);
  writeFileSync(
    join(folder, 'damaged.db'),
    Buffer.concat([bytes.subarray(0, 8192), Buffer.alloc(bytes.length - 8192)]),
  );
  writeFileSync(join(folder, 'text.db'), 'not a database at all, but long enough to be looked at as one'.repeat(20));
  writeFileSync(join(folder, 'empty.db'), '');
  for (const name of ['foreign.db', 'damaged.db', 'text.db', 'empty.db', 'absent.db'])
    expect(() => restoreCatalog(join(folder, name), catalog.file, 'epoch-2'), name).toThrow(CatalogUnusable);
  expect(readFileSync(catalog.file).equals(before)).toBe(true);
  expect(readdirSync(folder).filter((name) => name.includes('restoring'))).toEqual([]);
});

test('a damaged catalog is restored all the same, and what was left of it is kept', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  const copy = join(dirname(catalog.file), 'copy.db');
  backupCatalog(catalog.file, copy);
  await catalog.close();
  writeFileSync(catalog.file, 'gone');
  const { keptAs } = restoreCatalog(copy, catalog.file, 'epoch-2');
  expect(readFileSync(keptAs ?? '', 'utf8')).toBe('gone');
  expect(idsOf(await openTemporary(catalog.file)).subscriber('shack').subscription).not.toBeNull();
});

test('a copy is restored where there was no catalog, nor a folder for one', async () => {
  const catalog = await openTemporary();
  await catalog.writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  const copy = temporaryFile().replace('data/', '');
  backupCatalog(catalog.file, copy);
  const elsewhere = join(dirname(copy), 'new', 'data', 'new.db');
  expect(restoreCatalog(copy, elsewhere, 'epoch-2')).toMatchObject({ keptAs: undefined, revocations: 0 });
  expect(statSync(dirname(elsewhere)).mode & 0o777).toBe(0o700);
  expect(idsOf(await openTemporary(elsewhere)).subscriber('shack').subscription).not.toBeNull();
});
