// Brings a catalog's database to this version's schema, or refuses it. The list of migrations is the schema's only history.

import type { Database } from 'better-sqlite3';
import { CatalogUnusable } from './catalog-unusable.ts';
import { initialSchema } from './migrations/0001-initial-schema.ts';

/** In order; a file's `user_version` is the number of those it has seen. */
const MIGRATIONS: readonly string[] = [initialSchema];

/** SQLite's `application_id` of a catalog, written by the first migration. */
const APPLICATION_ID = 0x67617465;

/** Applies what is missing in one transaction. Throws {@link CatalogUnusable} for foreign files and for newer schemas. */
export function migrate(db: Database, file: string): void {
  const version = db.pragma('user_version', { simple: true }) as number;
  const isEmpty = db.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  const isOurs = db.pragma('application_id', { simple: true }) === APPLICATION_ID;
  if (!isOurs && !(isEmpty && version === 0))
    throw new CatalogUnusable(
      file,
      'is a SQLite file of another program',
      'name a file of its own for the catalog; it is created when it does not exist',
    );
  if (version > MIGRATIONS.length)
    throw new CatalogUnusable(
      file,
      `has schema ${version}, and this version of Gatehouse knows schemas up to ${MIGRATIONS.length}`,
      'start the newer version that wrote it, or give this one another file',
    );
  if (version === MIGRATIONS.length) return;
  db.transaction(() => {
    for (const sql of MIGRATIONS.slice(version)) db.exec(sql);
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
}
