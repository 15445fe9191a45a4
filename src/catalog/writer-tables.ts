// The tables as the writer uses them, with their statements prepared once for its connection.

import type { Database } from 'better-sqlite3';
import { StoredApis } from './stored-apis.ts';
import { StoredApplications } from './stored-applications.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';
import { WritableApis } from './writable-apis.ts';

/** All tables of the catalog's content. */
export interface WriterTables {
  readonly apis: StoredApis;
  readonly writableApis: WritableApis;
  readonly keyManagers: StoredKeyManagers;
  readonly applications: StoredApplications;
}

/** Prepares the statements; the schema must be current. */
export function writerTablesOf(db: Database): WriterTables {
  return {
    apis: new StoredApis(db),
    writableApis: new WritableApis(db),
    keyManagers: new StoredKeyManagers(db),
    applications: new StoredApplications(db),
  };
}
