// One transaction: what is written and what the audit says of it.

import type { Database } from 'better-sqlite3';
import type { AuditContext } from '../../domain/audit.ts';
import type { StoredAudit } from './stored-audit.ts';
import { type Ended, inTransaction, type StructureLog } from './write-transaction.ts';

/** Runs a write; without a context it is not for the audit. */
export type AuditedWrite = <T>(audit: AuditContext | undefined, work: (log: StructureLog) => Ended<T>) => T;

/** Writes over one connection. */
export function auditedWrite(db: Database, entries: StoredAudit, clock: () => number): AuditedWrite {
  return (audit, work) =>
    inTransaction(db, (log) => {
      const ended = work(log);
      if (ended.commit && audit !== undefined) {
        const time = new Date(clock()).toISOString();
        for (const change of ended.changes ?? []) entries.append({ ...audit, time, ...change });
      }
      return ended;
    });
}
