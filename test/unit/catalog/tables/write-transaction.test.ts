// A write that cannot be finished leaves the file as it was.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test } from 'vitest';
import { openWritable } from '../../../../src/catalog/database/open-writable.ts';
import { CatalogTransactions } from '../../../../src/catalog/writer/catalog-transactions.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts, SEALING_KEY } from '../catalog-samples.ts';
import { temporaryFile } from '../temporary-catalog.ts';

function openForOneTest() {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const catalog = openWritable({ file, busyTimeoutMs: 0, sealingKeys: [SEALING_KEY], secretNames: {} });
  const { db, close } = catalog;
  const count = (table: string) => db.prepare(`SELECT count(*) FROM ${table}`).pluck().get();
  return { db, close, count, writes: new CatalogTransactions({ ...catalog, clock: Date.now }) };
}

test('a write that runs out of room is rolled back as a whole, and the next one that fits succeeds', () => {
  const { db, close, count, writes } = openForOneTest();
  const pages = db.pragma('page_count', { simple: true }) as number;
  db.pragma(`max_page_count = ${pages}`);
  const large = { ...keyManager('Large'), dto: { ...keyManager('Large').dto, description: 'x'.repeat(50_000) } };
  const facts = { ...pizzaFacts(), keyManagers: [...pizzaFacts().keyManagers, large] };
  expect(() => writes.applyCatalog(facts, 'a', { catalogWins: false })).toThrow(/full/);
  expect(['key_manager', 'api', 'application', 'structure_change', 'catalog_document'].map(count)).toEqual([
    0, 0, 0, 0, 0,
  ]);
  db.pragma('max_page_count = 100000');
  expect(writes.applyCatalog(facts, 'a', { catalogWins: false })).toMatchObject({ kind: 'applied' });
  close();
});

test('every write raises the revision by one, and only those that change APIs or key managers raise the other one', () => {
  const { db, close, writes } = openForOneTest();
  const revisions = () => db.prepare('SELECT revision, structure_revision FROM meta').raw().get();
  expect(revisions()).toEqual([0, 0]);
  const stored = writes.createKeyManager(keyManager('A'), AUDIT);
  expect(revisions()).toEqual([1, 1]);
  const id = 'id' in stored ? stored.id : '';
  writes.saveKeySet(id, { url: 'https://a.example/jwks', jwks: '{}', fetchedAtMs: 1 });
  expect(revisions()).toEqual([2, 1]);
  writes.applyCatalog(pizzaFacts(), 'a', { catalogWins: false });
  expect(revisions()).toEqual([3, 2]);
  writes.deleteKeyManager({ organization: ORGANIZATION, id: 'unknown', expectedVersion: null }, false, AUDIT);
  expect(revisions()).toEqual([3, 2]);
  writes.deleteKeyManager({ organization: ORGANIZATION, id, expectedVersion: null }, false, AUDIT);
  expect(revisions()).toEqual([4, 3]);
  close();
});
