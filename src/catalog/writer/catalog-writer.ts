// The writer as the rest of the program sees it: asynchronous, every outcome a value. The work is done in a thread of its own.

import { Worker } from 'node:worker_threads';
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
import type { ApplyCatalogOptions } from '../document/apply-catalog.ts';
import type { ApplyDesiredOptions, DesiredResult } from '../document/apply-desired.ts';
import type { CatalogResult } from '../document/catalog-result.ts';
import type { Deleted } from '../entities/expected-entity.ts';
import type { KeyManagerDeleted } from '../entities/write-key-managers.ts';
import type { MapKeyOptions } from '../entities/write-key-mappings.ts';
import type { RevocationsSaved } from '../entities/write-revocations.ts';
import type { ReportCatalogEvent } from '../outcome/catalog-event.ts';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { refuse } from '../outcome/refuse.ts';
import type { StoredAdminCredential } from '../tables/stored-admin-credential.ts';
import type { Retirement } from '../tables/stored-signing-keys.ts';
import type { Saved, Swept } from './catalog-transactions.ts';
import { SourceWriter } from './source-writer.ts';
import type { FromWriter, ToWriter, WriteName, WriterOptions, Writes } from './writer-message.ts';

/** The built thread is JavaScript, the one in development TypeScript; either stands beside this file. */
const THREAD = new URL(`./writer-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url);

const WRITER_GONE = refuse('busy', {
  field: '',
  message: 'the catalog is closed for writing; restart Gatehouse and look at its log',
});

/** Sends writes to the writer's thread. A write that is answered is durable and seen by every read that starts later. */
export class CatalogWriter {
  /** The catalog's database, links resolved. */
  readonly file: string;
  /** For whoever keeps this catalog as a copy of a source. */
  readonly source: SourceWriter = new SourceWriter((name, ...args) => this.#write(name, ...args));
  readonly #thread: Worker;
  readonly #ended: Promise<void>;
  readonly #waiting = new Map<number, (result: unknown) => void>();
  #nextId = 1;
  #open = true;
  #written: () => void = () => undefined;

  private constructor(file: string, thread: Worker, report: ReportCatalogEvent) {
    this.file = file;
    this.#thread = thread;
    thread.on('message', (message: FromWriter) => this.#receive(message, report));
    thread.on('error', (error) => report({ kind: 'writer_lost', message: String(error) }));
    this.#ended = new Promise((resolve) => {
      thread.once('exit', () => {
        this.#open = false;
        for (const answer of this.#waiting.values()) answer(WRITER_GONE);
        this.#waiting.clear();
        resolve();
      });
    });
  }

  /** Starts the thread and opens the file. Rejects with {@link CatalogUnusable} when the file cannot be used. */
  static async start(options: WriterOptions, report: ReportCatalogEvent): Promise<CatalogWriter> {
    const thread = new Worker(THREAD, { workerData: options, name: 'catalog-writer' });
    const first = await new Promise<FromWriter>((resolve, reject) => {
      thread.once('message', resolve);
      thread.once('error', reject);
    });
    thread.removeAllListeners('error');
    if (first.kind === 'unusable') throw new CatalogUnusable(first.file, first.problem, first.fix);
    return new CatalogWriter(first.kind === 'ready' ? first.file : options.file, thread, report);
  }

  /** Applies a catalog document as a whole or not at all, and once per `digest`, which is that of its content. */
  applyCatalog(facts: CatalogFacts, digest: string, options: ApplyCatalogOptions): Promise<CatalogResult> {
    return this.#write('applyCatalog', facts, digest, options);
  }

  /** Adds a key manager; refused when its name is taken (`exists`) or its tokens could be another's (`issuer_shared`). */
  createKeyManager(write: KeyManagerWrite, audit: AuditContext): Promise<StoredKeyManager | WriteRefusal> {
    return this.#write('createKeyManager', write, audit);
  }

  /**
   * Writes a key manager anew; where its DTO has a mask, the secret that is there stays. Refused as `not_found`, `stale` (it is not at
   * the expected version), `immutable` (another name), `unresolved` (a mask without a secret) and `issuer_shared`.
   */
  updateKeyManager(
    key: KeyManagerKey,
    write: Omit<KeyManagerWrite, 'organization'>,
    audit: AuditContext,
  ): Promise<StoredKeyManager | WriteRefusal> {
    return this.#write('updateKeyManager', key, write, audit);
  }

  /** Deletes a key manager; one that is `in_use` only with `force`, and then with every reference to it. Else `not_found` or `stale`. */
  deleteKeyManager(key: KeyManagerKey, force: boolean, audit: AuditContext): Promise<KeyManagerDeleted | WriteRefusal> {
    return this.#write('deleteKeyManager', key, force, audit);
  }

  /**
   * Writes an API, new (id null) or anew. Refused as `not_found`, `stale`, `immutable` (another name or version), `exists`,
   * `unresolved` (a key manager that is not there) and `conflict` (another API answers on that host and context).
   */
  putApi(key: EntityKey, write: ApiWrite, audit: AuditContext): Promise<Api | WriteRefusal> {
    return this.#write('putApi', key, write, audit);
  }

  /** Deletes an API; one that is `in_use` by subscriptions only with `force`, and then with them. Else `not_found` or `stale`. */
  deleteApi(key: ExistingKey, force: boolean, audit: AuditContext): Promise<Deleted<Api> | WriteRefusal> {
    return this.#write('deleteApi', key, force, audit);
  }

  /** Writes an application, new or anew. Refused as `not_found`, `stale` and `exists` (its owner has another of this name). */
  putApplication(key: EntityKey, write: ApplicationFacts, audit: AuditContext): Promise<Application | WriteRefusal> {
    return this.#write('putApplication', key, write, audit);
  }

  /** Deletes an application with its keys and subscriptions. Refused as `not_found` and `stale`. */
  deleteApplication(key: ExistingKey, audit: AuditContext): Promise<Deleted<Application> | WriteRefusal> {
    return this.#write('deleteApplication', key, audit);
  }

  /**
   * Maps a client to an application. Refused as `not_found` (the application), `unresolved` (the key manager), and as WSO2's 901409:
   * `exists` (it has a key of this type there) and `conflict` (the client is taken; with `move` it is taken away instead).
   */
  mapKey(
    organization: string,
    write: KeyMappingWrite,
    options: MapKeyOptions,
    audit: AuditContext,
  ): Promise<ApplicationKeyMapping | WriteRefusal> {
    return this.#write('mapKey', organization, write, options, audit);
  }

  /** Writes what is kept of a key mapping and used by nothing. Refused as `not_found`. */
  describeKey(
    organization: string,
    id: string,
    extra: ApplicationKeyMapping['extra'],
    audit: AuditContext,
  ): Promise<ApplicationKeyMapping | WriteRefusal> {
    return this.#write('describeKey', organization, id, extra, audit);
  }

  /** Removes a key mapping. Refused as `not_found`. */
  unmapKey(
    organization: string,
    id: string,
    audit: AuditContext,
  ): Promise<Deleted<ApplicationKeyMapping> | WriteRefusal> {
    return this.#write('unmapKey', organization, id, audit);
  }

  /** Writes a subscription, new or anew. Refused as `not_found`, `stale`, `unresolved`, `immutable` and `exists` (one to an API). */
  putSubscription(key: EntityKey, write: SubscriptionWrite, audit: AuditContext): Promise<Subscription | WriteRefusal> {
    return this.#write('putSubscription', key, write, audit);
  }

  /** Changes the state of a subscription. Refused as `not_found` and `stale`. */
  setSubscriptionState(
    key: ExistingKey,
    state: SubscriptionState,
    audit: AuditContext,
  ): Promise<Subscription | WriteRefusal> {
    return this.#write('setSubscriptionState', key, state, audit);
  }

  /** Deletes a subscription. Refused as `not_found` and `stale`. */
  deleteSubscription(key: ExistingKey, audit: AuditContext): Promise<Deleted<Subscription> | WriteRefusal> {
    return this.#write('deleteSubscription', key, audit);
  }

  /** Writes a throttling policy, new or anew. Refused as `not_found`, `stale`, `immutable` (another name or kind) and `exists`. */
  putPolicy(key: EntityKey, write: PolicyWrite, audit: AuditContext): Promise<Policy | WriteRefusal> {
    return this.#write('putPolicy', key, write, audit);
  }

  /** Deletes a throttling policy. Refused as `not_found`, `stale` and `in_use`. */
  deletePolicy(key: ExistingKey, audit: AuditContext): Promise<Deleted<Policy> | WriteRefusal> {
    return this.#write('deletePolicy', key, audit);
  }

  /** Writes a scope, new or anew. Refused as `not_found`, `stale`, `immutable` (another name) and `exists`. */
  putScope(key: EntityKey, write: ScopeWrite, audit: AuditContext): Promise<Scope | WriteRefusal> {
    return this.#write('putScope', key, write, audit);
  }

  /** Deletes a scope. Refused as `not_found`, `stale` and `in_use`. */
  deleteScope(key: ExistingKey, audit: AuditContext): Promise<Deleted<Scope> | WriteRefusal> {
    return this.#write('deleteScope', key, audit);
  }

  /** Writes a deny policy, new or anew. Refused as `not_found`, `stale` and `exists` (another one names the same). */
  putDenyPolicy(key: EntityKey, write: DenyPolicyWrite, audit: AuditContext): Promise<DenyPolicy | WriteRefusal> {
    return this.#write('putDenyPolicy', key, write, audit);
  }

  /** Deletes a deny policy. Refused as `not_found` and `stale`. */
  deleteDenyPolicy(key: ExistingKey, audit: AuditContext): Promise<Deleted<DenyPolicy> | WriteRefusal> {
    return this.#write('deleteDenyPolicy', key, audit);
  }

  /** Keeps a part of what is desired until {@link applyDesired} names its stage. Parts are small, so that no thread is held. */
  stageDesired(stage: string, part: DesiredFacts): Promise<Saved | WriteRefusal> {
    return this.#write('stageDesired', stage, part);
  }

  /** Brings an organization to what was staged, as a whole or not at all; `stale` when the catalog is not at the expected revision. */
  applyDesired(stage: string, options: ApplyDesiredOptions, audit: AuditContext): Promise<DesiredResult> {
    return this.#write('applyDesired', stage, options, audit);
  }

  /**
   * Adds revocations, and lifts of them, each the entry of the same id with `lifted`. An id that is known changes nothing, and what was
   * lifted stays lifted. In force for every read that starts after the answer.
   */
  saveRevocations(entries: readonly Revocation[], source: RevocationSource): Promise<RevocationsSaved | WriteRefusal> {
    return this.#write('saveRevocations', entries, source);
  }

  /** Deletes some of the revocations whose time is over. The writer does so by itself from time to time. */
  sweepRevocations(nowMs: number): Promise<Swept | WriteRefusal> {
    return this.#write('sweepRevocations', nowMs);
  }

  /** Forgets the oldest deletions of which there are more than `kept`. The writer does so by itself from time to time. */
  sweepDeletions(kept: number): Promise<Swept | WriteRefusal> {
    return this.#write('sweepDeletions', kept);
  }

  /** Adds entries of attempts that came to nothing to the audit; a write's own entry is written with it. */
  saveAuditEntries(entries: readonly AuditEntry[]): Promise<Saved | WriteRefusal> {
    return this.#write('saveAuditEntries', entries);
  }

  /** Keeps a fetched key set for the next start. */
  saveKeySet(keyManagerId: string, keySet: StoredKeySet): Promise<Saved | WriteRefusal> {
    return this.#write('saveKeySet', keyManagerId, keySet);
  }

  /** Writes a credential for the admin side, in the place of the one of its name. */
  saveAdminCredential(credential: StoredAdminCredential): Promise<Saved | WriteRefusal> {
    return this.#write('saveAdminCredential', credential);
  }

  /** Adds the key that signs what is told to upstreams from now on, and retires the one that did. */
  rotateSigningKey(
    key: StoredSigningKey,
    retired: Retirement,
    audit: AuditContext | undefined,
  ): Promise<Saved | WriteRefusal> {
    return this.#write('rotateSigningKey', key, retired, audit);
  }

  /** Calls back after each write, right after its answer. */
  onWritten(listener: () => void): void {
    this.#written = listener;
  }

  /** Waits for the writes sent so far, marks the file as cleanly closed and ends the thread. */
  async close(): Promise<void> {
    if (this.#open) this.#send({ kind: 'close' });
    this.#open = false;
    await this.#ended;
  }

  #write<N extends WriteName>(name: N, ...args: Parameters<Writes[N]>): Promise<ReturnType<Writes[N]> | WriteRefusal> {
    if (!this.#open) return Promise.resolve(WRITER_GONE);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve as (result: unknown) => void);
      this.#send({ kind: 'write', id, name, args });
    });
  }

  #send(message: ToWriter): void {
    this.#thread.postMessage(message);
  }

  #receive(message: FromWriter, report: ReportCatalogEvent): void {
    if (message.kind === 'checked') report(message);
    if (message.kind !== 'done' && message.kind !== 'failed') return;
    if (message.kind === 'failed') report({ kind: 'write_failed', message: message.message });
    this.#waiting.get(message.id)?.(message.kind === 'done' ? message.result : message.refusal);
    this.#waiting.delete(message.id);
    if (message.kind === 'done') this.#written();
  }
}
