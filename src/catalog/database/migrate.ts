// Brings a catalog's database to this version's schema, or refuses it. The list of migrations is the schema's only history.

import type { Database } from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { damaged, findDamage } from './find-damage.ts';
import { keepCopy } from './keep-copy.ts';
import { initialSchema } from './migrations/0001-initial-schema.ts';
import { liveKeyManagers } from './migrations/0002-live-key-managers.ts';
import { subscriptionsWhole } from './migrations/0003-subscriptions-whole.ts';
import { signingKeys } from './migrations/0004-signing-keys.ts';
import { runs } from './migrations/0005-runs.ts';
import { type FirstSchemaSecrets, sealFirstSchema } from './seal-first-schema.ts';

/** SQL, and what SQL alone cannot do. */
interface Migration {
  readonly sql: string;
  readonly finish?: (db: Database, secrets: FirstSchemaSecrets) => void;
}

/** In order; a file's `user_version` is the number of those it has seen. */
const MIGRATIONS: readonly Migration[] = [
  { sql: initialSchema },
  { sql: liveKeyManagers, finish: sealFirstSchema },
  { sql: subscriptionsWhole },
  { sql: signingKeys },
  { sql: runs },
];

/** SQLite's `application_id` of a catalog, written by the first migration. */
const APPLICATION_ID = 0x67617465;

/** The schema of a catalog's database, 0 for an empty one. Throws {@link CatalogUnusable} for foreign files and newer schemas. */
export function versionOf(db: Database, file: string): number {
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
  return version;
}

/** Applies what is missing in one transaction, a copy kept before. Throws {@link CatalogUnusable} for foreign and damaged files and newer schemas. */
export function migrate(db: Database, file: string, secrets: FirstSchemaSecrets): void {
  const version = versionOf(db, file);
  if (version === MIGRATIONS.length) return;
  if (version > 0) {
    // Checked whatever the last stop was: a damaged file is better restored than copied and changed.
    const problems = findDamage(db);
    if (problems.length > 0) throw damaged(file, problems.join('; '));
    keepCopy(db, file, version, secrets);
  }
  // Off, or a table that is made anew would take what refers to it along. It cannot be changed inside a transaction.
  db.pragma('foreign_keys = OFF');
  db.transaction(() => {
    for (const { sql, finish } of MIGRATIONS.slice(version)) {
      db.exec(sql);
      finish?.(db, secrets);
    }
    db.pragma(`user_version = ${MIGRATIONS.length}`);
  }).immediate();
  db.pragma('foreign_keys = ON');
}
