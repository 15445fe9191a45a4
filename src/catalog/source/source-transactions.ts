// The writes of whoever keeps this catalog as a copy, run in the writer's thread: batches and snapshots of a source, each in force as a
// whole or not at all. They are not for the audit, which is the source's.

import type { Database } from 'better-sqlite3';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Change, ChangeBatch, SourcePosition } from '../../domain/change.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import type { AnyChange } from '../entities/entity-writer.ts';
import { type AuditedWrite, auditedWrite } from '../tables/audited-write.ts';
import { type WriterTables, writerTablesOf } from '../tables/writer-tables.ts';
import { applyChanges, applySource, type Followed, type FollowOptions } from './apply-changes.ts';
import { IncomingSnapshot, type SnapshotOptions } from './incoming-snapshot.ts';

const SAVED = { kind: 'saved' } as const;

/** What the writes need. */
export interface SourceTransactionsOptions {
  readonly db: Database;
  readonly sealer: SecretSealer;
  readonly clock: () => number;
}

/** The writes on one connection. SQLite errors are thrown, after a rollback. */
export class SourceTransactions {
  readonly #db: Database;
  readonly #tables: WriterTables;
  readonly #write: AuditedWrite;
  readonly #incoming: IncomingSnapshot;
  #batch: (Omit<ChangeBatch, 'changes'> & { readonly changes: Change[] }) | undefined;

  constructor({ db, sealer, clock }: SourceTransactionsOptions) {
    this.#db = db;
    this.#tables = writerTablesOf(db, sealer);
    this.#write = auditedWrite(db, this.#tables.audit, clock);
    this.#incoming = new IncomingSnapshot(db);
  }

  /** Applies a batch of the source that this catalog follows, and remembers how far that was. */
  applyChanges(batch: ChangeBatch, options: FollowOptions): Followed {
    this.discardStaged();
    return this.#write(undefined, (log) => applyChanges(this.#db, this.#tables, log, batch, options));
  }

  /** Applies changes of a source without a history. */
  applySource(changes: readonly AnyChange[]): ReturnType<typeof applySource>['result'] {
    return this.#write(undefined, (log) => applySource(this.#db, this.#tables, log, changes));
  }

  /** Begins to gather what changed after `from`, or, where that is null, a source's whole content, beside what is here. */
  stage(from: SourcePosition | null, to: SourcePosition, options: SnapshotOptions): { readonly kind: 'saved' } {
    this.#incoming.drop();
    this.#batch = from === null ? undefined : { from, to, changes: [] };
    if (from === null) this.#incoming.begin(to, options);
    return SAVED;
  }

  /** Adds to what was begun. */
  addStaged(changes: readonly Change[]): { readonly kind: 'saved' } | WriteRefusal {
    if (this.#batch === undefined) return this.#incoming.add(changes);
    this.#batch.changes.push(...changes);
    return SAVED;
  }

  /** Puts what was gathered in force. What is held back stays gathered, for when it is allowed. */
  commitStaged(options: FollowOptions): Followed {
    const batch = this.#batch;
    const followed = this.#write<Followed>(undefined, (log) =>
      batch === undefined
        ? this.#incoming.take(this.#tables, log, options)
        : applyChanges(this.#db, this.#tables, log, batch, options),
    );
    if (followed.kind !== 'held_back') this.discardStaged();
    return followed;
  }

  /** Forgets what was gathered. */
  discardStaged(): { readonly kind: 'saved' } {
    this.#batch = undefined;
    this.#incoming.drop();
    return SAVED;
  }
}
