// Looks a catalog's file over. Whatever it finds, nothing is repaired here.

import type { Database } from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';

/** What SQLite's quick_check finds; empty for a sound file. Takes time in proportion to the file. */
export function findDamage(db: Database): readonly string[] {
  const found = db.prepare<[], string>('PRAGMA quick_check(5)').pluck().all();
  return found.length === 1 && found[0] === 'ok' ? [] : found;
}

/** The boot failure for a file that is not sound. */
export function damaged(file: string, details: string): CatalogUnusable {
  return new CatalogUnusable(
    file,
    `is damaged (${details})`,
    'stop, move it aside together with its -wal and -shm files, and restore a copy or start again with --catalog',
  );
}
