// The tables as the writer uses them, with their statements prepared once for its connection.

import type { Database } from 'better-sqlite3';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import { StoredApis } from './stored-apis.ts';
import { StoredApplications } from './stored-applications.ts';
import { StoredAudit } from './stored-audit.ts';
import { StoredDenyPolicies } from './stored-deny-policies.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';
import { StoredKeyMappings } from './stored-key-mappings.ts';
import { StoredPolicies } from './stored-policies.ts';
import { StoredRevocations } from './stored-revocations.ts';
import { StoredScopes } from './stored-scopes.ts';
import { StoredSecrets } from './stored-secrets.ts';
import { StoredSubscriptions } from './stored-subscriptions.ts';
import { WritableApis } from './writable-apis.ts';

/** All tables of the catalog's content. */
export interface WriterTables {
  readonly apis: StoredApis;
  readonly writableApis: WritableApis;
  readonly keyManagers: StoredKeyManagers;
  readonly secrets: StoredSecrets;
  readonly applications: StoredApplications;
  readonly denyPolicies: StoredDenyPolicies;
  readonly keyMappings: StoredKeyMappings;
  readonly policies: StoredPolicies;
  readonly scopes: StoredScopes;
  readonly subscriptions: StoredSubscriptions;
  readonly revocations: StoredRevocations;
  readonly audit: StoredAudit;
  /** One of WSO2's numeric ids, never handed out twice. */
  readonly nextNumber: () => number;
}

/** Prepares the statements; the schema must be current. */
export function writerTablesOf(db: Database, sealer: SecretSealer): WriterTables {
  const number = db
    .prepare<[], number>('UPDATE meta SET next_number = next_number + 1 RETURNING next_number - 1')
    .pluck();
  return {
    apis: new StoredApis(db),
    writableApis: new WritableApis(db),
    keyManagers: new StoredKeyManagers(db),
    secrets: new StoredSecrets(db, sealer),
    applications: new StoredApplications(db),
    denyPolicies: new StoredDenyPolicies(db),
    keyMappings: new StoredKeyMappings(db),
    policies: new StoredPolicies(db),
    scopes: new StoredScopes(db),
    subscriptions: new StoredSubscriptions(db),
    revocations: new StoredRevocations(db),
    audit: new StoredAudit(db),
    nextNumber: () => number.get() ?? 0,
  };
}
