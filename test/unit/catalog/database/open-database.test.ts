import { mkdtempSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Database } from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import {
  makeDurable,
  openForReading,
  openForWriting,
  READING_CACHE_KIBIBYTES,
  WRITING_CACHE_KIBIBYTES,
} from '../../../../src/catalog/database/open-database.ts';

const BUSY_TIMEOUT_MS = 1_000;
let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-'));
  file = join(folder, 'catalog.db');
});
afterEach(() => rmSync(folder, { recursive: true }));

const pragma = (db: Database, name: string) => db.pragma(name, { simple: true });

test('each connection has a page cache of the size that is meant for it, and maps nothing of the file', () => {
  const writing = openForWriting(file, BUSY_TIMEOUT_MS);
  makeDurable(writing);
  const reading = openForReading(file);
  expect(pragma(writing, 'cache_size')).toBe(-WRITING_CACHE_KIBIBYTES);
  expect(pragma(reading, 'cache_size')).toBe(-READING_CACHE_KIBIBYTES);
  expect([pragma(writing, 'mmap_size'), pragma(reading, 'mmap_size')]).toEqual([0, 0]);
  for (const db of [reading, writing]) db.close();
});

test('reading a file that is far larger than its page cache takes a connection no more memory than that', () => {
  const writing = openForWriting(file, BUSY_TIMEOUT_MS);
  makeDurable(writing);
  writing.exec('CREATE TABLE many (id INTEGER PRIMARY KEY, text TEXT)');
  writing.exec(`WITH RECURSIVE n (at) AS (SELECT 1 UNION ALL SELECT at + 1 FROM n WHERE at < 32000)
    INSERT INTO many SELECT at, hex(randomblob(1000)) FROM n`);
  writing.close();
  const readAll = (db: Database) => {
    const before = process.memoryUsage.rss();
    db.prepare('SELECT count(text LIKE ?) FROM many').get('%0000000000000000000000000000000%');
    return (process.memoryUsage.rss() - before) / 2 ** 20;
  };
  const reading = openForReading(file);
  expect(readAll(reading)).toBeLessThan(2 * (READING_CACHE_KIBIBYTES / 1024));
  // The same with a cache as large as the file, or what was measured would be nothing.
  reading.pragma('cache_size = -131072');
  expect(readAll(reading)).toBeGreaterThan(32);
  reading.close();
});

test('a file that is none of SQLite’s is refused and not held open', () => {
  writeFileSync(file, 'not a database, but as long as the head of one would be '.repeat(40));
  expect(() => openForReading(file)).toThrow('file is not a database');
  const open = readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)];
    } catch {
      return [];
    }
  });
  expect(open).not.toContain(file);
});
