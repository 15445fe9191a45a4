// Every write there is, one method each, run in the writer's thread: a transaction, and its outcome as a value.

import type { Database } from 'better-sqlite3';
import type { StoredKeySet } from '../authorize/ports.ts';
import type { AuditContext, AuditEntry } from '../domain/audit.ts';
import type { CatalogFacts, KeyManagerKey, KeyManagerWrite, WriteRefusal } from '../domain/catalog-facts.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { Revocation, RevocationSource } from '../domain/revocation.ts';
import type { SecretSealer } from '../sealing/secret-sealer.ts';
import { type ApplyCatalogOptions, applyCatalog } from './apply-catalog.ts';
import type { CatalogResult } from './catalog-result.ts';
import { keyManagerUsageFinder } from './key-manager-usage.ts';
import { refuse } from './refuse.ts';
import type { StoredAdminCredential } from './stored-admin-credential.ts';
import { createKeyManager, deleteKeyManager, type KeyManagerDeleted, updateKeyManager } from './write-key-managers.ts';
import { type RevocationsSaved, saveRevocations } from './write-revocations.ts';
import { type Ended, inTransaction, type StructureLog } from './write-transaction.ts';
import { type WriterTables, writerTablesOf } from './writer-tables.ts';

/** A small write is done. */
export interface Saved {
  readonly kind: 'saved';
}

const SAVED: Saved = { kind: 'saved' };

/** Expired revocations are gone. */
export interface Swept {
  readonly kind: 'swept';
  readonly swept: number;
}

/** Who the audit says it was that applied a catalog document. */
const CATALOG_FILE: AuditContext = {
  requestId: '',
  caller: 'catalog file',
  organization: undefined,
  address: '',
  method: 'APPLY',
  route: 'catalog',
};

/** Expired revocations that one transaction deletes at most; other writes get their turn in between. */
const SWEEP_ENTRIES = 1000;

/** Key sets that are kept of one key manager: those of the URLs that it has, and some that it had. */
const KEPT_KEY_SETS = 16;

/** What the writes need beside a connection. */
export interface CatalogTransactionsOptions {
  readonly db: Database;
  readonly sealer: SecretSealer;
  /** Key of the digests that tell what a catalog document changed. */
  readonly fingerprintKey: string;
  readonly clock: () => number;
}

/** The writes on one connection. SQLite errors are thrown, after a rollback. */
export class CatalogTransactions {
  readonly #db: Database;
  readonly #fingerprintKey: string;
  readonly #clock: () => number;
  readonly #tables: WriterTables;
  readonly #usageOf: ReturnType<typeof keyManagerUsageFinder>;

  constructor({ db, sealer, fingerprintKey, clock }: CatalogTransactionsOptions) {
    this.#db = db;
    this.#fingerprintKey = fingerprintKey;
    this.#clock = clock;
    this.#tables = writerTablesOf(db, sealer);
    this.#usageOf = keyManagerUsageFinder(db);
  }

  /** Applies a catalog document; `digest` is that of its content. */
  applyCatalog(facts: CatalogFacts, digest: string, options: ApplyCatalogOptions): CatalogResult {
    return this.#write(CATALOG_FILE, (log) =>
      applyCatalog(this.#db, this.#tables, log, facts, digest, { ...options, fingerprintKey: this.#fingerprintKey }),
    );
  }

  /** Adds a key manager. */
  createKeyManager(write: KeyManagerWrite, audit: AuditContext): StoredKeyManager | WriteRefusal {
    return this.#write(audit, (log) => createKeyManager(this.#tables, log, write));
  }

  /** Writes a key manager anew. */
  updateKeyManager(
    key: KeyManagerKey,
    write: Omit<KeyManagerWrite, 'organization'>,
    audit: AuditContext,
  ): StoredKeyManager | WriteRefusal {
    return this.#write(audit, (log) => updateKeyManager(this.#tables, log, key, write));
  }

  /** Deletes a key manager, and with `force` every reference to it. */
  deleteKeyManager(key: KeyManagerKey, force: boolean, audit: AuditContext): KeyManagerDeleted | WriteRefusal {
    return this.#write(audit, (log) => deleteKeyManager(this.#tables, log, key, force, this.#usageOf(key.id)));
  }

  /** Adds revocations and lifts that are news. */
  saveRevocations(entries: readonly Revocation[], source: RevocationSource): RevocationsSaved {
    const audit = source.kind === 'admin' ? source.audit : undefined;
    return this.#write(audit, () => saveRevocations(this.#tables.revocations, entries, source));
  }

  /** Deletes some of the revocations whose time is over, and says how many; 0 when none is left. */
  sweepRevocations(nowMs: number): Swept {
    return this.#write(undefined, () => {
      const swept = this.#tables.revocations.sweep(nowMs, SWEEP_ENTRIES);
      return { commit: swept > 0, result: { kind: 'swept', swept } };
    });
  }

  /** Adds entries of attempts that came to nothing to the audit. */
  saveAuditEntries(entries: readonly AuditEntry[]): Saved {
    return this.#write(undefined, () => {
      for (const entry of entries) this.#tables.audit.append(entry);
      return { commit: true, result: SAVED };
    });
  }

  /** Keeps a fetched key set for the next start. */
  saveKeySet(keyManagerId: string, { url, jwks, fetchedAtMs }: StoredKeySet): Saved | WriteRefusal {
    return this.#write<Saved | WriteRefusal>(undefined, () => {
      const { changes } = this.#db
        .prepare(
          `INSERT INTO key_set SELECT id, ?, ?, ? FROM key_manager WHERE id = ?
           ON CONFLICT (key_manager_id, url) DO UPDATE SET jwks = excluded.jwks, fetched_at_ms = excluded.fetched_at_ms`,
        )
        .run(url, jwks, Math.trunc(fetchedAtMs), keyManagerId);
      this.#db
        .prepare(
          `DELETE FROM key_set WHERE key_manager_id = ? AND url NOT IN (
             SELECT url FROM key_set WHERE key_manager_id = ? ORDER BY fetched_at_ms DESC LIMIT ${KEPT_KEY_SETS})`,
        )
        .run(keyManagerId, keyManagerId);
      if (changes === 1) return { commit: true, result: SAVED };
      const field = { field: 'keyManagerId', message: 'the key manager was deleted' };
      return { commit: false, result: refuse('not_found', field) };
    });
  }

  /** Writes a credential for the admin side, in the place of the one of its name. */
  saveAdminCredential({ name, sha256, organization, rights }: StoredAdminCredential): Saved | WriteRefusal {
    return this.#write<Saved>(undefined, () => {
      this.#db
        .prepare('INSERT OR REPLACE INTO admin_credential VALUES (?, ?, ?, ?)')
        .run(name, sha256, organization, JSON.stringify(rights));
      return { commit: true, result: SAVED };
    });
  }

  /** One transaction: what is written and what the audit says of it. */
  #write<T>(audit: AuditContext | undefined, work: (log: StructureLog) => Ended<T>): T {
    return inTransaction(this.#db, (log) => {
      const ended = work(log);
      if (ended.commit && audit !== undefined) {
        const time = new Date(this.#clock()).toISOString();
        for (const change of ended.changes ?? []) this.#tables.audit.append({ ...audit, time, ...change });
      }
      return ended;
    });
  }
}
