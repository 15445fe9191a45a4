// Opens SQLite connections to the catalog: one that writes, in the writer's thread, and ones that only read.
// It knows pragmas and versions, not tables.

import Database from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';

/** SQLite before 3.51.3 can corrupt a WAL file when it is reset. */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** The WAL file is cut back to this after a checkpoint; a bulk apply must not leave a large one for good. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Pages that a connection which reads may keep. The upper levels of every index of five million subscriptions take less than this; what
 * is below them is drawn from all over a file that may be a hundred times as large, and comes out of the system's file cache, which all
 * processes share: 4 or 64 MiB made no difference that could be measured. The pages of one connection are never another's.
 */
export const READING_CACHE_KIBIBYTES = 4 * 1024;

/** Of the one that writes: a copy or a catalog of a million rows is one transaction, and goes through the pages of every index. */
export const WRITING_CACHE_KIBIBYTES = 16 * 1024;

/** The writing connection, before anything was written: call {@link makeDurable} once the file is known to be ours. */
export function openForWriting(file: string, busyTimeoutMs: number): Database.Database {
  const db = new Database(file, { timeout: busyTimeoutMs });
  const version = db.prepare<[], string>('SELECT sqlite_version()').pluck().get() ?? '';
  if (!isSafeVersion(version)) {
    db.close();
    throw new CatalogUnusable(
      file,
      `cannot be trusted to SQLite ${version}, which is older than ${OLDEST_SQLITE.join('.')}`,
      'reinstall the dependencies (npm ci)',
    );
  }
  db.pragma('foreign_keys = ON');
  // What is deleted is gone from its page too: former secrets, sealed by keys that may be known by now.
  db.pragma('secure_delete = ON');
  return db;
}

/** WAL, so that readers never wait; FULL, so that an acknowledged write survives a power loss (the WAL default does not). */
export function makeDurable(db: Database.Database): void {
  db.pragma('journal_mode = WAL');
  db.pragma('synchronous = FULL');
  db.pragma(`journal_size_limit = ${WAL_LIMIT_BYTES}`);
  keepPages(db, WRITING_CACHE_KIBIBYTES);
}

/** A connection that cannot write and never waits: a read that would have to wait fails. */
export function openForReading(file: string): Database.Database {
  const db = new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
  try {
    keepPages(db, READING_CACHE_KIBIBYTES);
    return db;
  } catch (error) {
    // The first look at the file: it may be none of SQLite's.
    db.close();
    throw error;
  }
}

/** Nothing is mapped: what was touched of a file would count as memory of the process, up to all of it, and a broken disk would end it. */
function keepPages(db: Database.Database, kibibytes: number): void {
  db.pragma(`cache_size = -${kibibytes}`);
  db.pragma('mmap_size = 0');
}

/** True for versions without the WAL reset defect. */
export function isSafeVersion(version: string): boolean {
  const parts = version.split('.').map(Number);
  for (const [at, least] of OLDEST_SQLITE.entries()) {
    const part = parts[at] ?? 0;
    if (part !== least) return part > least;
  }
  return true;
}
