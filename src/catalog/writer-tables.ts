// The tables as the writer uses them, with their statements prepared once for its connection.

import type { Database } from 'better-sqlite3';
import type { SecretSealer } from '../sealing/secret-sealer.ts';
import { StoredApis } from './stored-apis.ts';
import { StoredApplications } from './stored-applications.ts';
import { StoredAudit } from './stored-audit.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';
import { StoredRevocations } from './stored-revocations.ts';
import { StoredSecrets } from './stored-secrets.ts';
import { WritableApis } from './writable-apis.ts';

/** All tables of the catalog's content. */
export interface WriterTables {
  readonly apis: StoredApis;
  readonly writableApis: WritableApis;
  readonly keyManagers: StoredKeyManagers;
  readonly secrets: StoredSecrets;
  readonly applications: StoredApplications;
  readonly revocations: StoredRevocations;
  readonly audit: StoredAudit;
}

/** Prepares the statements; the schema must be current. */
export function writerTablesOf(db: Database, sealer: SecretSealer): WriterTables {
  return {
    apis: new StoredApis(db),
    writableApis: new WritableApis(db),
    keyManagers: new StoredKeyManagers(db),
    secrets: new StoredSecrets(db, sealer),
    applications: new StoredApplications(db),
    revocations: new StoredRevocations(db),
    audit: new StoredAudit(db),
  };
}
