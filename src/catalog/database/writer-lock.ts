// Sees to it that one process at a time writes a catalog's database. The operating system releases the lock when the process
// ends, however it ends, so there is no stale lock to clean up and no process id to compare.

import { closeSync, openSync } from 'node:fs';
import Database from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';

/** Takes the lock of this database (a SQLite file beside it, held exclusively) and returns how to give it back. */
export function takeWriterLock(file: string): () => void {
  const lockFile = `${file}.lock`;
  createPrivately(lockFile);
  const lock = new Database(lockFile, { timeout: 0 });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch (error) {
    lock.close();
    if ((error as { code?: unknown }).code !== 'SQLITE_BUSY') throw error;
    throw new CatalogUnusable(
      file,
      `is in use: another process holds ${lockFile}`,
      'stop the other Gatehouse, or give each one a catalog file of its own',
    );
  }
  return () => {
    lock.close();
  };
}

/**
 * Creates the file, readable by its owner only, unless it exists. An existing one is never opened here: closing any
 * descriptor of a file would release the POSIX locks that SQLite holds on it in this process.
 */
export function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
}
