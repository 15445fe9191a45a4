// What refers to a key manager by name: APIs that list it and applications with keys of it. APIs that allow `all` do not.

import type { Database } from 'better-sqlite3';

/** Who would notice if the key manager were gone (WSO2 `api-usages` and `app-usages`). */
export interface KeyManagerUsage {
  readonly apis: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly organization: string;
  }[];
  readonly applications: readonly {
    readonly id: string;
    readonly name: string;
    readonly owner: string;
    readonly organization: string;
  }[];
}

/** Prepares the question for one connection. */
export function keyManagerUsageFinder(db: Database): (keyManagerId: string) => KeyManagerUsage {
  const apis = db.prepare<[string], KeyManagerUsage['apis'][number]>(`
    SELECT a.id, a.name, a.version, a.organization FROM api_key_manager k JOIN api a ON a.id = k.api_id
    WHERE k.key_manager_id = ? ORDER BY a.name, a.version`);
  const applications = db.prepare<[string], KeyManagerUsage['applications'][number]>(`
    SELECT DISTINCT a.id, a.name, a.owner, a.organization
    FROM application_key_mapping m JOIN application a ON a.id = m.application_id
    WHERE m.key_manager_id = ? ORDER BY a.name`);
  return (keyManagerId) => ({ apis: apis.all(keyManagerId), applications: applications.all(keyManagerId) });
}
