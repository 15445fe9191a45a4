// Which files may be opened as a catalog, and what is said of those that may not.

import {
  closeSync,
  existsSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import Database from 'better-sqlite3';
import { expect, test, vi } from 'vitest';
import { isSafeVersion, makeDurable, openForWriting } from '../../../src/catalog/database/open-database.ts';
import { CatalogUnusable } from '../../../src/catalog/outcome/catalog-unusable.ts';
import { AUDIT, keyManager, ORGANIZATION, pizzaFacts } from './catalog-samples.ts';
import { startProgram } from './child-program.ts';
import { behindItsBack, openTemporary, temporaryFile } from './temporary-catalog.ts';

// A thread has to start before anything is checked, and machines are busy.
const POLL = { timeout: 20_000 };
vi.setConfig({ testTimeout: 30_000 });

/** The error of a start that must fail. */
async function refusal(file: string): Promise<CatalogUnusable> {
  const error: unknown = await openTemporary(file).catch((thrown: unknown) => thrown);
  if (!(error instanceof CatalogUnusable)) throw new Error('the catalog was opened', { cause: error });
  expect(error.message).toContain(error.file);
  expect(error.message).toContain(error.fix);
  return error;
}

async function closedCatalog(): Promise<string> {
  const { file, writer, close } = await openTemporary();
  await writer.applyCatalog(pizzaFacts(), 'first', { catalogWins: false });
  await close();
  return file;
}

test('file and folder are created for their owner only', async () => {
  const { file } = await openTemporary();
  const modeOf = (path: string) => statSync(path).mode & 0o777;
  expect(modeOf(dirname(file))).toBe(0o700);
  for (const suffix of ['', '-wal', '-shm', '.lock']) expect(modeOf(`${file}${suffix}`)).toBe(0o600);
});

test('the writing connection survives a power loss, lets readers pass and keeps references whole', () => {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const db = openForWriting(file, 0);
  makeDurable(db);
  const pragmas = ['journal_mode', 'synchronous', 'foreign_keys'].map((name) => db.pragma(name, { simple: true }));
  db.close();
  const [FULL, ON] = [2, 1];
  expect(pragmas).toEqual(['wal', FULL, ON]);
});

test('a clean stop leaves one file and its lock', async () => {
  const file = await closedCatalog();
  expect(readdirSync(dirname(file)).toSorted()).toEqual(['catalog.db', 'catalog.db.lock']);
});

test('a second writer is refused in this process, and by another name of the same file', async () => {
  const { file } = await openTemporary();
  expect((await refusal(file)).problem).toContain(`another process holds ${file}.lock`);
  const link = join(dirname(file), 'link.db');
  symlinkSync(file, link);
  expect((await refusal(link)).fix).toContain('a catalog file of its own');
});

test('a second writer is refused while another process lives, and let in when that one is killed', async () => {
  const file = temporaryFile();
  const other = startProgram('writing-process.ts', file, 'other');
  await other.firstLine;
  expect((await refusal(file)).problem).toContain('is in use');
  await other.kill();
  expect((await openTemporary(file)).reader.snapshot()).not.toBeUndefined();
});

test('a file of a newer schema is refused and left as it is', async () => {
  const file = await closedCatalog();
  behindItsBack(file, (db) => db.pragma('user_version = 99'));
  expect((await refusal(file)).message).toMatch(/schema 99.*start the newer version/);
  expect(behindItsBack(file, (db) => db.pragma('user_version', { simple: true }))).toBe(99);
});

test('a SQLite file of another program is refused and left as it is', async () => {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  const foreign = new Database(file);
  foreign.exec('CREATE TABLE theirs (x)');
  foreign.close();
  const before = readFileSync(file);
  expect((await refusal(file)).problem).toBe('is a SQLite file of another program');
  expect(readFileSync(file)).toEqual(before);
});

test('a file that is no SQLite file is refused and left as it is', async () => {
  const file = temporaryFile();
  mkdirSync(dirname(file));
  writeFileSync(file, 'organization: carbon.super\n'.repeat(100));
  expect((await refusal(file)).problem).toBe('is not a SQLite file');
  expect(readFileSync(file, 'utf8')).toMatch(/^organization/);
});

test('a folder in the place of the file is refused', async () => {
  const file = temporaryFile();
  mkdirSync(file, { recursive: true });
  expect((await refusal(file)).problem).toContain('cannot be opened for writing');
});

test('a truncated file is refused', async () => {
  const file = await closedCatalog();
  const descriptor = openSync(file, 'r+');
  ftruncateSync(descriptor, 3 * 4096);
  closeSync(descriptor);
  expect((await refusal(file)).problem).toMatch(/is damaged/);
});

test('after an unclean stop the file is checked in full before it is served', async () => {
  const file = await closedCatalog();
  damage(file, 'sqlite_autoindex_resource_2');
  behindItsBack(file, (db) => db.exec('UPDATE meta SET clean = 0'));
  const { problem, fix } = await refusal(file);
  expect(problem).toMatch(/is damaged/);
  expect(fix).toContain('-wal');
  expect(existsSync(file)).toBe(true);
});

test('after a clean stop the full check is made later, in the writer, and its findings are reported', async () => {
  const sound = await openTemporary(undefined, { fullCheckDelayMs: 0 });
  await expect.poll(() => sound.events, POLL).toEqual([{ kind: 'checked', problems: [] }]);
  const file = await closedCatalog();
  damage(file, 'sqlite_autoindex_resource_2');
  const damaged = await openTemporary(file, { fullCheckDelayMs: 0 });
  await expect.poll(() => damaged.events, POLL).toMatchObject([{ kind: 'checked' }]);
  expect(JSON.stringify(damaged.events)).toContain('sqlite_autoindex_resource_2');
});

test('a full check that fails is reported as a problem, and the writer goes on', async () => {
  const file = await closedCatalog();
  behindItsBack(file, (db) => {
    db.function('only_here', { deterministic: true }, (value) => value);
    db.exec('CREATE TABLE odd (x CHECK (only_here(x)))');
  });
  const { events, writer } = await openTemporary(file, { fullCheckDelayMs: 0 });
  await expect
    .poll(() => events, POLL)
    .toEqual([{ kind: 'checked', problems: [expect.stringMatching(/^the check was not finished: .*only_here/)] }]);
  expect(await writer.createKeyManager(keyManager('later'), AUDIT)).toHaveProperty('id');
});

test('the clean mark is there after a stop and gone while the catalog is open', async () => {
  const file = await closedCatalog();
  const isClean = () => behindItsBack(file, (db) => db.prepare('SELECT clean FROM meta').pluck().get());
  expect(isClean()).toBe(1);
  const { close } = await openTemporary(file);
  expect(isClean()).toBe(0);
  await close();
  expect(isClean()).toBe(1);
});

test('closing waits for the writes sent before it, and later ones are refused', async () => {
  const { file, writer, close } = await openTemporary();
  const pending = [1, 2, 3].map((at) => writer.createKeyManager(keyManager(`k${at}`), AUDIT));
  await close();
  for (const written of await Promise.all(pending)) expect(written).toHaveProperty('id');
  expect(await writer.createKeyManager(keyManager('late'), AUDIT)).toMatchObject({ kind: 'refused', why: 'busy' });
  const { lists } = await openTemporary(file);
  expect(lists.listKeyManagers(ORGANIZATION).map(({ dto }) => dto.name)).toEqual(['k1', 'k2', 'k3']);
});

test('SQLite with the WAL reset defect is not trusted', () => {
  expect(['3.51.3', '3.52.0', '4.0.0'].map(isSafeVersion)).toEqual([true, true, true]);
  expect(['3.51.2', '3.7.0', '3.50.9', ''].map(isSafeVersion)).toEqual([false, false, false, false]);
});

/** Overwrites the page of an index with noise. */
function damage(file: string, index: string): void {
  const page = behindItsBack(file, (db) =>
    db.prepare<[string], number>('SELECT rootpage FROM sqlite_schema WHERE name = ?').pluck().get(index),
  );
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(4096, 0xa5), 0, 4096, ((page ?? 0) - 1) * 4096);
  closeSync(descriptor);
}
