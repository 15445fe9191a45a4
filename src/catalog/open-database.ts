// Opens SQLite connections to the catalog: one that writes, in the writer's thread, and ones that only read.
// It knows pragmas and versions, not tables.

import Database from 'better-sqlite3';
import { CatalogUnusable } from './catalog-unusable.ts';

/** SQLite before 3.51.3 can corrupt a WAL file when it is reset. */
const OLDEST_SQLITE = [3, 51, 3] as const;

/** The WAL file is cut back to this after a checkpoint; a bulk apply must not leave a large one for good. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

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
}

/** A connection that cannot write and never waits: a read that would have to wait fails. */
export function openForReading(file: string): Database.Database {
  return new Database(file, { readonly: true, fileMustExist: true, timeout: 0 });
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
