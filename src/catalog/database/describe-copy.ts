// Looks a copy of a catalog over in full and says what is in it, for whoever keeps it: rows, a digest of the file, the keys it needs.

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { TABLE_OF } from '../tables/entity-tables.ts';
import { openForReading } from './open-database.ts';

/** What a copy holds. */
export interface CopyDescription {
  /** By table; a file of an older schema has fewer. */
  readonly rows: Readonly<Record<string, number>>;
  /** Of the file, hex: `sha256sum` says the same. */
  readonly sha256: string;
  /** Ids of the sealing keys that its secrets need. */
  readonly sealingKeys: readonly string[];
}

/** Throws {@link CatalogUnusable} for a copy that is not sound. */
export function describeCopy(file: string): CopyDescription {
  const db = openForReading(file);
  try {
    const found = db.prepare<[], string>('PRAGMA integrity_check(5)').pluck().all();
    if (found.length !== 1 || found[0] !== 'ok')
      throw new CatalogUnusable(file, `is damaged (${found.join('; ')})`, 'see that the disk is sound, and copy again');
    return { rows: rowsOf(db), sha256: digestOf(file), sealingKeys: sealingKeysOf(db) };
  } finally {
    db.close();
  }
}

/** The file at once: it is read where nothing is decided. */
function digestOf(file: string): string {
  return createHash('sha256').update(readFileSync(file)).digest('hex');
}

function rowsOf(db: Database): CopyDescription['rows'] {
  const present = new Set(db.prepare<[], string>('SELECT name FROM sqlite_master').pluck().all());
  const tables = Object.values(TABLE_OF).filter((table) => present.has(table));
  return Object.fromEntries(
    tables.map((table) => [table, db.prepare<[], number>(`SELECT count(*) FROM ${table}`).pluck().get() ?? 0]),
  );
}

/** An envelope names its key between its first two colons. */
function sealingKeysOf(db: Database): readonly string[] {
  const columns = db
    .prepare<[], { table: string; column: string }>(
      `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master m JOIN pragma_table_info(m.name) c
       WHERE m.type = 'table' AND c.name IN ('sealed', 'fingerprint_key')`,
    )
    .all();
  const keys = columns.flatMap(({ table, column }) =>
    db
      .prepare<[], string>(
        `SELECT DISTINCT substr(${column}, 3, instr(substr(${column}, 3), ':') - 1) FROM ${table} WHERE ${column} IS NOT NULL`,
      )
      .pluck()
      .all(),
  );
  return [...new Set(keys)].toSorted();
}
