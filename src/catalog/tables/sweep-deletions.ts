// Bounds what the log of changes remembers of entities that are gone, and remembers itself from where on it is complete.

import type { Database } from 'better-sqlite3';

/** Forgets whole revisions, the oldest first, until about `kept` deletions are left; says how many went. */
export function sweepDeletions(db: Database, kept: number): number {
  const last = db
    .prepare<[number], number>('SELECT revision FROM change_log WHERE gone = 1 ORDER BY revision DESC LIMIT 1 OFFSET ?')
    .pluck()
    .get(kept);
  if (last === undefined) return 0;
  const { changes } = db.prepare('DELETE FROM change_log WHERE gone = 1 AND revision <= ?').run(last);
  db.prepare('UPDATE meta SET change_horizon = max(change_horizon, ?)').run(last);
  return changes;
}
