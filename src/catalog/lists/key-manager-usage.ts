// What refers to a key manager by name: APIs that list it or expect an audience of it, and
// applications with keys of it. APIs that allow `all` do not.

import type { Database } from 'better-sqlite3';
import type { KeyManagerUsage } from '../../domain/key-manager-usage.ts';

/** Prepares the question for one connection. */
export function keyManagerUsageFinder(db: Database): (keyManagerId: string) => KeyManagerUsage {
  const apis = db.prepare<{ id: string }, KeyManagerUsage['apis'][number]>(`
    SELECT id, name, version, organization FROM api WHERE id IN (
      SELECT api_id FROM api_key_manager WHERE key_manager_id = @id
      UNION SELECT api_id FROM api_key_manager_audience WHERE key_manager_id = @id)
    ORDER BY name, version`);
  const applications = db.prepare<[string], KeyManagerUsage['applications'][number]>(`
    SELECT DISTINCT a.id, a.name, a.owner, a.organization
    FROM application_key_mapping m JOIN application a ON a.id = m.application_id
    WHERE m.key_manager_id = ? ORDER BY a.name`);
  return (keyManagerId) => ({ apis: apis.all({ id: keyManagerId }), applications: applications.all(keyManagerId) });
}
