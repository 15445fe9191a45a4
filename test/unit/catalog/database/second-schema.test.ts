// A file of the second schema is brought to the present one: what was there is whole, numbered and in the log, and the version before
// can still read the copy that is kept.

import { mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { initialSchema } from '../../../../src/catalog/database/migrations/0001-initial-schema.ts';
import { liveKeyManagers } from '../../../../src/catalog/database/migrations/0002-live-key-managers.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts } from '../catalog-samples.ts';
import { behindItsBack, openTemporary, subscriberOf, temporaryFile } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

/** A key manager, an API, two applications with a key and a subscription each, and a revocation. */
function secondSchemaFile(): string {
  const file = temporaryFile();
  mkdirSync(dirname(file), { recursive: true });
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(initialSchema);
  db.exec(liveKeyManagers);
  db.pragma('user_version = 2');
  const { dto } = keyManager('Partner');
  db.prepare('INSERT INTO key_manager VALUES (?, ?, ?, 1, 1, 1, ?, ?, 3)').run(
    'km',
    ORGANIZATION,
    'Partner',
    '[]',
    JSON.stringify(dto),
  );
  db.exec(`
    INSERT INTO api VALUES ('pizza', '${ORGANIZATION}', 'Pizza', '1.0.0', '/pizza/1.0.0', NULL, '[]', 'PUBLISHED', 'HTTP',
      '["oauth2"]', '[]', 0, 1, '[]', 'authorization', 'reject', 'reject');
    INSERT INTO api_route VALUES ('*', '/pizza/1.0.0', 'pizza');
    INSERT INTO resource VALUES ('pizza', 0, 'GET', '/menu', 'Any', '[]');
    INSERT INTO api_key_manager VALUES ('pizza', 0, 'km');
    INSERT INTO application VALUES ('a1', '${ORGANIZATION}', 'Shack', 'paula', 'Gold'), ('a2', '${ORGANIZATION}', 'Other', 'bob', 'Gold');
    INSERT INTO application_key_mapping VALUES ('a1', 'PRODUCTION', 'km', 'c1'), ('a2', 'SANDBOX', 'km', 'c2');
    INSERT INTO subscription VALUES ('s1', 'a1', 'pizza', 'Gold', 'BLOCKED'), ('s2', 'a2', 'pizza', 'Gold', 'UNBLOCKED');
    INSERT INTO revocation (id, kind, value, organization, created_at_ms, created_by, lifted)
      VALUES ('r1', 'jti', 'j', '${ORGANIZATION}', 1, 'ann', 0);
    UPDATE meta SET next_sequence = 2, revision = 41`);
  db.close();
  return file;
}

test('keys, subscriptions and their states go on, with numbers and ids of their own, and approved applications', async () => {
  const catalog = await openTemporary(secondSchemaFile());
  const found = subscriberOf(catalog.reader, 'c1', 'km', 'pizza');
  expect(found).toMatchObject({
    mapping: { applicationId: 'a1', keyType: 'PRODUCTION' },
    application: { name: 'Shack', state: 'APPROVED', attributes: {}, version: 1 },
    subscription: { id: 's1', state: 'BLOCKED', version: 1 },
  });
  const page = { offset: 0, limit: 10 };
  const numbers = [
    ...catalog.lists.listApis(ORGANIZATION).map(({ number }) => number),
    ...catalog.lists.page('application', ORGANIZATION, {}, page).list.map(({ number }) => number),
    ...catalog.lists.page('subscription', ORGANIZATION, {}, page).list.map(({ number }) => number),
  ];
  expect(new Set(numbers).size).toBe(5);
  const keys = catalog.lists.page('key_mapping', ORGANIZATION, {}, page).list;
  expect(new Set(keys.map(({ id }) => id)).size).toBe(2);
  for (const { id, mode } of keys) expect([id.length, mode]).toEqual([36, 'MAPPED']);
  const write = { name: 'New', owner: 'bob', policy: 'Gold', description: '', attributes: {}, groups: [], extra: {} };
  const key = { organization: ORGANIZATION, id: null, expectedVersion: null };
  const added = await catalog.writer.putApplication(key, { ...write, state: 'APPROVED' }, AUDIT);
  expect(added).toMatchObject({ number: Math.max(...numbers) + 1 });
  expect(behindItsBack(catalog.file, (db) => db.pragma('foreign_key_check'))).toEqual([]);
});

test('everything of before is in the log, and deleting an application still takes its keys and subscriptions along', async () => {
  const catalog = await openTemporary(secondSchemaFile());
  const position = catalog.feed.position();
  expect(position.sequence).toBe(41);
  const all = catalog.feed.changesSince(position, 10);
  expect(all).toMatchObject({ changes: [] });
  const logged = behindItsBack(catalog.file, (db) =>
    db.prepare('SELECT kind, count(*) AS count FROM change_log GROUP BY kind ORDER BY kind').raw().all(),
  );
  expect(logged).toEqual([
    ...[
      ['api', 1],
      ['application', 2],
      ['key_manager', 1],
      ['key_mapping', 2],
      ['revocation', 1],
      ['subscription', 2],
    ],
  ]);
  await catalog.writer.deleteApplication({ organization: ORGANIZATION, id: 'a1', expectedVersion: null }, AUDIT);
  const gone = catalog.feed.changesSince(position, 10);
  if (gone === 'too_far') throw new Error('too far');
  expect(gone.changes.map(({ kind, entity }) => [kind, entity]).toSorted()).toEqual([
    ...[
      ['application', null],
      ['key_mapping', null],
      ['subscription', null],
    ],
  ]);
});

test('the copy that is kept is of the second schema, and a document that is applied again finds what it wrote', async () => {
  const file = secondSchemaFile();
  const catalog = await openTemporary(file);
  const version = behindItsBack(`${file}.schema-2`, (db) => db.pragma('user_version', { simple: true }));
  expect(version).toBe(2);
  const tables = behindItsBack(`${file}.schema-2`, (db) =>
    db.prepare('SELECT count(*) FROM application').pluck().get(),
  );
  expect(tables).toBe(2);
  expect(await catalog.writer.applyCatalog(pizzaFacts(), 'd', { catalogWins: true })).toMatchObject({
    kind: 'applied',
  });
});
