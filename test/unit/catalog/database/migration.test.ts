// A file of the first schema is brought to the present one: nothing is lost, a copy is kept, and no secret stays in the clear.

import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { initialSchema } from '../../../../src/catalog/database/migrations/0001-initial-schema.ts';
import type { OpenCatalogOptions } from '../../../../src/catalog/open-catalog.ts';
import { canonicalJson } from '../../../../src/domain/canonical-json.ts';
import { SECRET_MASK } from '../../../../src/domain/secret-fields.ts';
import { keyManager, ORGANIZATION, pizzaFacts } from '../catalog-samples.ts';
import { startProgram } from '../child-program.ts';
import { behindItsBack, openTemporary, temporaryFile } from '../temporary-catalog.ts';

// Each test starts a thread, some a process, and machines are busy.
vi.setConfig({ testTimeout: 60_000 });

/** A thread has to start, and a small file to be migrated, in about this time. */
const LONGEST_LIFE_MS = 250;

const CANARY = 'canary-2e81d07b';
const NAMES: Partial<OpenCatalogOptions> = { secretNames: { CustomKeyManager: ['tenantKey2'] } };
const PROPERTIES = {
  user: 'gatehouse',
  client_secret: CANARY,
  deep: { password: `${CANARY}-2` },
  tenantKey2: `${CANARY}-3`,
};
const sha256 = (value: unknown) =>
  createHash('sha256')
    .update(canonicalJson(value) ?? '')
    .digest('base64url');

/** A file as the first version left it: two key managers, one with secrets, an API, an application, a key set, a document. */
function firstSchemaFile(more: (db: Database.Database) => void = () => undefined): string {
  const file = temporaryFile();
  mkdirSync(dirname(file), { recursive: true });
  const db = new Database(file);
  db.pragma('journal_mode = WAL');
  db.exec(initialSchema);
  db.pragma('user_version = 1');
  const put = db.prepare('INSERT INTO key_manager VALUES (?, ?, ?, ?, 1, 1, ?, ?)');
  for (const [at, name] of ['Partner', 'Staff'].entries()) {
    const { dto } = keyManager(name, name === 'Partner' ? { additionalProperties: PROPERTIES } : {});
    const stored = { ...dto, id: name.toLowerCase(), enabled: true, global: false };
    put.run(name.toLowerCase(), ORGANIZATION, name, at + 1, '[]', JSON.stringify(stored));
    db.prepare('INSERT INTO key_manager_issuer VALUES (?, ?, ?)').run(ORGANIZATION, dto.issuer, name.toLowerCase());
    const fields = { type: dto.type, issuer: dto.issuer, enabled: true, issuers: [dto.issuer], jwtRules: [] };
    const digested = { ...fields, ...(name === 'Partner' && { additionalProperties: PROPERTIES }) };
    const digests = Object.fromEntries(Object.entries(digested).map(([field, value]) => [field, sha256(value)]));
    const entry = JSON.stringify(['key_manager', ORGANIZATION, name]);
    db.prepare('INSERT INTO catalog_document VALUES (?, ?)').run(entry, JSON.stringify(digests));
  }
  db.prepare('INSERT INTO key_set VALUES (?, ?, ?, ?)').run(
    'partner',
    'https://partner.example/jwks',
    '{"keys":[]}',
    5,
  );
  db.prepare('UPDATE meta SET next_sequence = 3, catalog_digest = ?').run('first');
  more(db);
  db.close();
  return file;
}

/** Names of the files of the catalog's folder in which a text stands. */
function filesWith(text: string, file: string): string[] {
  const folder = dirname(file);
  return readdirSync(folder).filter((name) => readFileSync(join(folder, name)).includes(text));
}

test('key managers, key sets and the applied document go on; secrets are sealed, and no file holds one in the clear', async () => {
  const file = firstSchemaFile();
  expect(filesWith(CANARY, file)).toEqual(['catalog.db']);
  const { lists, keySets, writer, reader, close } = await openTemporary(file, NAMES);
  expect(filesWith(CANARY, file)).toEqual([]);
  const [partner, staff] = lists.listKeyManagers(ORGANIZATION);
  expect(staff?.dto).toMatchObject({ name: 'Staff', id: 'staff' });
  expect(partner).toMatchObject({ id: 'partner', version: 1, sequence: 1 });
  expect(partner?.dto.additionalProperties).toEqual({
    user: 'gatehouse',
    client_secret: SECRET_MASK,
    deep: { password: SECRET_MASK },
    tenantKey2: SECRET_MASK,
  });
  expect(lists.openKeyManager(ORGANIZATION, 'partner')?.secrets).toEqual({
    '/additionalProperties/client_secret': `"${CANARY}"`,
    '/additionalProperties/deep/password': `"${CANARY}-2"`,
    '/additionalProperties/tenantKey2': `"${CANARY}-3"`,
  });
  expect(keySets.load('partner', 'https://partner.example/jwks')).toMatchObject({
    jwks: '{"keys":[]}',
    fetchedAtMs: 5,
  });
  expect(reader.snapshot()?.keyManagers.byId.size).toBe(2);
  // The document of before is known again.
  const document = { ...pizzaFacts(), apis: [], applications: [] };
  expect(await writer.applyCatalog(document, 'first', { catalogWins: false })).toEqual({ kind: 'unchanged' });
  await close();
  expect(filesWith(CANARY, file)).toEqual([]);
});

test('digests of before are compared as before, but for fields with secrets, which are digested anew', async () => {
  const file = firstSchemaFile();
  const { writer } = await openTemporary(file, NAMES);
  const partner = {
    ...keyManager('Partner', { additionalProperties: { ...PROPERTIES, user: 'changed' }, description: 'new' }),
  };
  const facts = { keyManagers: [partner, keyManager('Staff')], apis: [], applications: [] };
  // Only the document changed these fields, so nothing is disputed.
  expect(await writer.applyCatalog(facts, 'second', { catalogWins: false })).toEqual({
    kind: 'applied',
    changes: ['keyManagers[Partner] changed: additionalProperties, description'],
  });
});

test('no digest that is left behind, in the file or in the copy, is one of a secret', async () => {
  const file = firstSchemaFile();
  await openTemporary(file, NAMES);
  for (const name of [file, `${file}.schema-1`]) {
    const kept = readFileSync(name, 'latin1');
    expect(kept).not.toContain(sha256(PROPERTIES));
    expect(kept).not.toContain(sha256(CANARY));
  }
});

test('a copy of the first schema stays beside the file, for its owner only, and opens again with all that it had', async () => {
  const file = firstSchemaFile();
  const first = await openTemporary(file, NAMES);
  await first.close();
  const copy = `${file}.schema-1`;
  expect(statSync(copy).mode & 0o777).toBe(0o600);
  const restored = temporaryFile();
  mkdirSync(dirname(restored), { recursive: true });
  copyFileSync(copy, restored);
  expect(behindItsBack(restored, (db) => db.pragma('user_version', { simple: true }))).toBe(1);
  expect(behindItsBack(restored, (db) => db.pragma('integrity_check', { simple: true }))).toBe('ok');
  const { lists } = await openTemporary(restored, NAMES);
  expect(lists.openKeyManager(ORGANIZATION, 'partner')?.secrets).toEqual(
    (await openTemporary(file, NAMES)).lists.openKeyManager(ORGANIZATION, 'partner')?.secrets,
  );
});

test('a present file is opened without another copy', async () => {
  const catalog = await openTemporary();
  await catalog.close();
  await (await openTemporary(catalog.file)).close();
  expect(readdirSync(dirname(catalog.file)).filter((name) => name.includes('schema'))).toEqual([]);
});

test('a damaged file is not migrated, also after a clean stop, and not copied', async () => {
  const file = firstSchemaFile((db) =>
    db.exec('CREATE INDEX spoiled ON application (owner); INSERT INTO application VALUES (1, 2, 3, 4, 5)'),
  );
  const page = behindItsBack(file, (db) => {
    db.pragma('wal_checkpoint(TRUNCATE)');
    return db.prepare<[], number>("SELECT rootpage FROM sqlite_schema WHERE name = 'spoiled'").pluck().get() ?? 0;
  });
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, (page - 1) * 4096);
  closeSync(descriptor);
  await expect(openTemporary(file, NAMES)).rejects.toThrow(/is damaged/);
  expect(readdirSync(dirname(file)).filter((name) => name.includes('schema'))).toEqual([]);
});

test('a migration that fails leaves the file as it was', async () => {
  const file = firstSchemaFile((db) => db.exec('CREATE TABLE audit (in_the_way INTEGER)'));
  await expect(openTemporary(file, NAMES)).rejects.toThrow();
  expect(behindItsBack(file, (db) => db.pragma('user_version', { simple: true }))).toBe(1);
  const dto = behindItsBack(file, (db) => db.prepare("SELECT dto FROM key_manager WHERE id = 'partner'").pluck().get());
  expect(dto).toContain(CANARY);
});

test('a migration that is killed at a random moment is made up for by the next start', async () => {
  for (let round = 0; round < 8; round++) {
    const file = firstSchemaFile();
    const program = startProgram('opening-process.ts', file);
    await program.firstLine;
    await sleep(Math.random() * LONGEST_LIFE_MS);
    await program.kill();
    const { lists, close } = await openTemporary(file, NAMES);
    expect(lists.openKeyManager(ORGANIZATION, 'partner')?.secrets).toMatchObject({
      '/additionalProperties/client_secret': `"${CANARY}"`,
    });
    await close();
    expect(filesWith(CANARY, file)).toEqual([]);
  }
});

test('pages that a killed start left unswept are swept by the next one', async () => {
  const catalog = await openTemporary();
  await catalog.close();
  behindItsBack(catalog.file, (db) => {
    db.pragma('secure_delete = OFF');
    db.exec('CREATE TABLE leftover (text TEXT)');
    db.prepare('INSERT INTO leftover VALUES (?)').run(CANARY);
    db.exec('DROP TABLE leftover; UPDATE meta SET unswept = 1');
  });
  expect(filesWith(CANARY, catalog.file)).not.toEqual([]);
  await openTemporary(catalog.file);
  expect(filesWith(CANARY, catalog.file)).toEqual([]);
});

test('an unfinished copy of an earlier start is no obstacle', async () => {
  const file = firstSchemaFile();
  writeFileSync(`${file}.schema-1.new`, 'half');
  await openTemporary(file, NAMES);
  expect(existsSync(`${file}.schema-1.new`)).toBe(false);
  expect(existsSync(`${file}.schema-1`)).toBe(true);
});
