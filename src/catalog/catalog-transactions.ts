// Every write there is, one method each, run in the writer's thread: a transaction, and its outcome as a value.

import type { Database } from 'better-sqlite3';
import type { StoredKeySet } from '../authorize/ports.ts';
import type { CatalogFacts, KeyManagerWrite, WriteRefusal } from '../domain/catalog-facts.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import { type ApplyCatalogOptions, applyCatalog } from './apply-catalog.ts';
import type { CatalogResult } from './catalog-result.ts';
import { keyManagerUsageFinder } from './key-manager-usage.ts';
import { refuse } from './refuse.ts';
import type { StoredAdminCredential } from './stored-admin-credential.ts';
import { createKeyManager, deleteKeyManager, type KeyManagerDeleted } from './write-key-managers.ts';
import { inTransaction } from './write-transaction.ts';
import { type WriterTables, writerTablesOf } from './writer-tables.ts';

/** A small write is done. */
export interface Saved {
  readonly kind: 'saved';
}

const SAVED: Saved = { kind: 'saved' };

/** The writes on one connection. SQLite errors are thrown, after a rollback. */
export class CatalogTransactions {
  readonly #db: Database;
  readonly #tables: WriterTables;
  readonly #usageOf: ReturnType<typeof keyManagerUsageFinder>;

  constructor(db: Database) {
    this.#db = db;
    this.#tables = writerTablesOf(db);
    this.#usageOf = keyManagerUsageFinder(db);
  }

  /** Applies a catalog document; `digest` is that of its content. */
  applyCatalog(facts: CatalogFacts, digest: string, options: ApplyCatalogOptions): CatalogResult {
    return inTransaction(this.#db, (log) => applyCatalog(this.#db, this.#tables, log, facts, digest, options));
  }

  /** Adds a key manager. */
  createKeyManager(write: KeyManagerWrite): StoredKeyManager | WriteRefusal {
    return inTransaction(this.#db, (log) => createKeyManager(this.#tables, log, write));
  }

  /** Deletes a key manager, and with `force` every reference to it. */
  deleteKeyManager(organization: string, id: string, force: boolean): KeyManagerDeleted | WriteRefusal {
    return inTransaction(this.#db, (log) =>
      deleteKeyManager(this.#tables, log, { organization, id }, force, this.#usageOf(id)),
    );
  }

  /** Keeps a fetched key set for the next start. */
  saveKeySet(keyManagerId: string, { url, jwks, fetchedAtMs }: StoredKeySet): Saved | WriteRefusal {
    return inTransaction<Saved | WriteRefusal>(this.#db, () => {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO key_set SELECT id, ?, ?, ? FROM key_manager WHERE id = ?
           ON CONFLICT (key_manager_id) DO UPDATE SET url = excluded.url, jwks = excluded.jwks,
             fetched_at_ms = excluded.fetched_at_ms`,
        )
        .run(url, jwks, Math.trunc(fetchedAtMs), keyManagerId);
      if (changes === 1) return { commit: true, result: SAVED };
      const field = { field: 'keyManagerId', message: 'the key manager was deleted' };
      return { commit: false, result: refuse('not_found', field) };
    });
  }

  /** Writes a credential for the admin side, in the place of the one of its name. */
  saveAdminCredential({ name, sha256, organization, rights }: StoredAdminCredential): Saved | WriteRefusal {
    return inTransaction<Saved>(this.#db, () => {
      this.#db
        .prepare('INSERT OR REPLACE INTO admin_credential VALUES (?, ?, ?, ?)')
        .run(name, sha256, organization, JSON.stringify(rights));
      return { commit: true, result: SAVED };
    });
  }
}
