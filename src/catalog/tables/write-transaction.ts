// One write: all of it or nothing, with the revisions that readers watch. Nothing in the catalog writes outside of it.

import type { Database } from 'better-sqlite3';
import type { AuditEntry } from '../../domain/audit.ts';

/** Structure revisions whose changes are kept; a reader that is further behind loads everything. */
const KEPT_STRUCTURE_REVISIONS = 1000;

/** What a write did to the part of the catalog that deciding threads keep in memory. */
export interface StructureLog {
  changed(kind: 'api' | 'key_manager' | 'deny_policy', id: string): void;
}

/** What a write did to one entity, for the audit. Secrets are masked. */
export type AuditedChange = Pick<AuditEntry, 'target' | 'status' | 'before' | 'after'>;

/** The end of a write: its result, whether what it wrote stays, and what the audit is to say of it. */
export interface Ended<T> {
  readonly commit: boolean;
  readonly result: T;
  readonly changes?: readonly AuditedChange[];
}

/** Runs a write. SQLite errors pass through after a rollback; `SQLITE_BUSY` means that nothing was begun. */
export function inTransaction<T>(db: Database, work: (log: StructureLog) => Ended<T>): T {
  db.exec('BEGIN IMMEDIATE');
  try {
    const changes = new Map<string, { readonly kind: string; readonly id: string }>();
    const { commit, result } = work({ changed: (kind, id) => changes.set(`${kind} ${id}`, { kind, id }) });
    if (commit) raiseRevisions(db, [...changes.values()]);
    db.exec(commit ? 'COMMIT' : 'ROLLBACK');
    return result;
  } finally {
    // A failed COMMIT may leave the transaction open; some errors have ended it already.
    if (db.inTransaction) db.exec('ROLLBACK');
  }
}

function raiseRevisions(db: Database, changes: readonly { readonly kind: string; readonly id: string }[]): void {
  db.exec('UPDATE meta SET revision = revision + 1');
  if (changes.length === 0) return;
  const revision = db
    .prepare<[], number>('UPDATE meta SET structure_revision = structure_revision + 1 RETURNING structure_revision')
    .pluck()
    .get();
  if (revision === undefined) throw new Error('the catalog has no meta row');
  const log = db.prepare('INSERT INTO structure_change VALUES (?, ?, ?)');
  for (const { kind, id } of changes) log.run(revision, kind, id);
  db.prepare('DELETE FROM structure_change WHERE revision <= ?').run(revision - KEPT_STRUCTURE_REVISIONS);
}
