// The tables as the writer uses them, with their statements prepared once for its connection.

import type { Database } from 'better-sqlite3';
import { ApiWrites } from './api-writes.ts';
import { StoredApis } from './stored-apis.ts';
import { StoredApplications } from './stored-applications.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';

/** All tables of the catalog's content. */
export interface WriterTables {
  readonly apis: StoredApis;
  readonly apiWrites: ApiWrites;
  readonly keyManagers: StoredKeyManagers;
  readonly applications: StoredApplications;
}

/** Prepares the statements; the schema must be current. */
export function writerTablesOf(db: Database): WriterTables {
  return {
    apis: new StoredApis(db),
    apiWrites: new ApiWrites(db),
    keyManagers: new StoredKeyManagers(db),
    applications: new StoredApplications(db),
  };
}
