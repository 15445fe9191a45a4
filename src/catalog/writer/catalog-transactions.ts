// Every write there is, one method each, run in the writer's thread: a transaction, and its outcome as a value.

import type { Database } from 'better-sqlite3';
import type { StoredKeySet } from '../../authorize/ports.ts';
import type { Api } from '../../domain/api.ts';
import type { AuditContext, AuditEntry } from '../../domain/audit.ts';
import type {
  ApiWrite,
  ApplicationFacts,
  CatalogFacts,
  DenyPolicyWrite,
  DesiredFacts,
  EntityKey,
  ExistingKey,
  KeyManagerKey,
  KeyManagerWrite,
  KeyMappingWrite,
  PolicyWrite,
  ScopeWrite,
  SubscriptionWrite,
  WriteRefusal,
} from '../../domain/catalog-facts.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { DenyPolicy, Policy, Scope } from '../../domain/policy.ts';
import type { Revocation, RevocationSource } from '../../domain/revocation.ts';
import type { StoredSigningKey } from '../../domain/signing-key.ts';
import type { Application, ApplicationKeyMapping, Subscription, SubscriptionState } from '../../domain/subscriber.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import { type ApplyCatalogOptions, applyCatalog } from '../document/apply-catalog.ts';
import { type ApplyDesiredOptions, applyDesired, type DesiredResult, DesiredStage } from '../document/apply-desired.ts';
import type { CatalogResult } from '../document/catalog-result.ts';
import type { Deleted } from '../entities/expected-entity.ts';
import { deleteApi, putApi } from '../entities/write-apis.ts';
import { deleteApplication, putApplication } from '../entities/write-applications.ts';
import { deleteDenyPolicy, putDenyPolicy } from '../entities/write-deny-policies.ts';
import {
  createKeyManager,
  deleteKeyManager,
  type KeyManagerDeleted,
  updateKeyManager,
} from '../entities/write-key-managers.ts';
import { describeKey, type MapKeyOptions, mapKey, unmapKey } from '../entities/write-key-mappings.ts';
import { deletePolicy, deleteScope, putPolicy, putScope } from '../entities/write-policies.ts';
import { type RevocationsSaved, saveRevocations } from '../entities/write-revocations.ts';
import { deleteSubscription, putSubscription, setSubscriptionState } from '../entities/write-subscriptions.ts';
import { keyManagerUsageFinder } from '../lists/key-manager-usage.ts';
import { refuse } from '../outcome/refuse.ts';
import { type AuditedWrite, auditedWrite } from '../tables/audited-write.ts';
import type { StoredAdminCredential } from '../tables/stored-admin-credential.ts';
import { type Retirement, rotateSigningKey } from '../tables/stored-signing-keys.ts';
import { sweepDeletions } from '../tables/sweep-deletions.ts';
import { type WriterTables, writerTablesOf } from '../tables/writer-tables.ts';

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

/** Deletions that are remembered for followers. */
const KEPT_DELETIONS = 100_000;

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
  readonly #sealer: SecretSealer;
  readonly #fingerprintKey: string;
  readonly #write: AuditedWrite;
  readonly #tables: WriterTables;
  readonly #usageOf: ReturnType<typeof keyManagerUsageFinder>;
  readonly #desired = new DesiredStage();

  constructor({ db, sealer, fingerprintKey, clock }: CatalogTransactionsOptions) {
    this.#db = db;
    this.#sealer = sealer;
    this.#fingerprintKey = fingerprintKey;
    this.#tables = writerTablesOf(db, sealer);
    this.#write = auditedWrite(db, this.#tables.audit, clock);
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

  /** Writes an API, new or anew. */
  putApi(key: EntityKey, write: ApiWrite, audit: AuditContext): Api | WriteRefusal {
    return this.#write(audit, (log) => putApi(this.#tables, log, key, write));
  }

  /** Deletes an API, and with `force` its subscriptions. */
  deleteApi(key: ExistingKey, force: boolean, audit: AuditContext): Deleted<Api> | WriteRefusal {
    return this.#write(audit, (log) => deleteApi(this.#tables, log, key, force));
  }

  /** Writes an application, new or anew. */
  putApplication(key: EntityKey, write: ApplicationFacts, audit: AuditContext): Application | WriteRefusal {
    return this.#write(audit, () => putApplication(this.#tables, key, write));
  }

  /** Deletes an application with its keys and subscriptions. */
  deleteApplication(key: ExistingKey, audit: AuditContext): Deleted<Application> | WriteRefusal {
    return this.#write(audit, () => deleteApplication(this.#tables, key));
  }

  /** Maps a client to an application. */
  mapKey(
    organization: string,
    write: KeyMappingWrite,
    options: MapKeyOptions,
    audit: AuditContext,
  ): ApplicationKeyMapping | WriteRefusal {
    return this.#write(audit, () => mapKey(this.#tables, organization, write, options));
  }

  /** Writes what is kept of a key mapping. */
  describeKey(
    organization: string,
    id: string,
    extra: ApplicationKeyMapping['extra'],
    audit: AuditContext,
  ): ApplicationKeyMapping | WriteRefusal {
    return this.#write(audit, () => describeKey(this.#tables, organization, id, extra));
  }

  /** Removes a key mapping. */
  unmapKey(organization: string, id: string, audit: AuditContext): Deleted<ApplicationKeyMapping> | WriteRefusal {
    return this.#write(audit, () => unmapKey(this.#tables, organization, id));
  }

  /** Writes a subscription, new or anew. */
  putSubscription(key: EntityKey, write: SubscriptionWrite, audit: AuditContext): Subscription | WriteRefusal {
    return this.#write(audit, () => putSubscription(this.#tables, key, write));
  }

  /** Changes the state of a subscription. */
  setSubscriptionState(key: ExistingKey, state: SubscriptionState, audit: AuditContext): Subscription | WriteRefusal {
    return this.#write(audit, () => setSubscriptionState(this.#tables, key, state));
  }

  /** Deletes a subscription. */
  deleteSubscription(key: ExistingKey, audit: AuditContext): Deleted<Subscription> | WriteRefusal {
    return this.#write(audit, () => deleteSubscription(this.#tables, key));
  }

  /** Writes a throttling policy, new or anew. */
  putPolicy(key: EntityKey, write: PolicyWrite, audit: AuditContext): Policy | WriteRefusal {
    return this.#write(audit, () => putPolicy(this.#tables, key, write));
  }

  /** Deletes a throttling policy. */
  deletePolicy(key: ExistingKey, audit: AuditContext): Deleted<Policy> | WriteRefusal {
    return this.#write(audit, () => deletePolicy(this.#tables, key));
  }

  /** Writes a scope, new or anew. */
  putScope(key: EntityKey, write: ScopeWrite, audit: AuditContext): Scope | WriteRefusal {
    return this.#write(audit, () => putScope(this.#tables, key, write));
  }

  /** Deletes a scope. */
  deleteScope(key: ExistingKey, audit: AuditContext): Deleted<Scope> | WriteRefusal {
    return this.#write(audit, () => deleteScope(this.#tables, key));
  }

  /** Writes a deny policy, new or anew. */
  putDenyPolicy(key: EntityKey, write: DenyPolicyWrite, audit: AuditContext): DenyPolicy | WriteRefusal {
    return this.#write(audit, (log) => putDenyPolicy(this.#tables, log, key, write));
  }

  /** Deletes a deny policy. */
  deleteDenyPolicy(key: ExistingKey, audit: AuditContext): Deleted<DenyPolicy> | WriteRefusal {
    return this.#write(audit, (log) => deleteDenyPolicy(this.#tables, log, key));
  }

  /** Keeps a part of what is desired until {@link applyDesired} names it. */
  stageDesired(stage: string, part: DesiredFacts): Saved | WriteRefusal {
    if (this.#desired.add(stage, part)) return SAVED;
    return refuse('conflict', {
      field: '',
      message: 'the document has too many parts; split it into several documents',
    });
  }

  /** Brings an organization to what was staged, as a whole or not at all. */
  applyDesired(stage: string, options: ApplyDesiredOptions, audit: AuditContext): DesiredResult {
    const facts = this.#desired.take(stage);
    return this.#write(audit, (log) =>
      applyDesired(this.#db, this.#tables, log, facts, { ...options, fingerprintKey: this.#fingerprintKey }),
    );
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

  /** Forgets the oldest deletions of which there are more than `kept`: a follower that is further behind takes a snapshot. */
  sweepDeletions(kept = KEPT_DELETIONS): Swept {
    return this.#write(undefined, () => {
      const swept = sweepDeletions(this.#db, kept);
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

  /** Adds the key that signs what is told to upstreams from now on, and retires the one that did. */
  rotateSigningKey(key: StoredSigningKey, retired: Retirement, audit: AuditContext | undefined): Saved {
    return this.#write<Saved>(audit, () => {
      const change = rotateSigningKey(this.#db, this.#sealer, key, retired);
      return { commit: true, result: SAVED, changes: [change] };
    });
  }
}
