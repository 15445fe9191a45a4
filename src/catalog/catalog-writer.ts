// The writer as the rest of the program sees it: asynchronous, every outcome a value. The work is done in a thread of its own.

import { Worker } from 'node:worker_threads';
import type { StoredKeySet } from '../authorize/ports.ts';
import type { AuditContext, AuditEntry } from '../domain/audit.ts';
import type { CatalogFacts, KeyManagerKey, KeyManagerWrite, WriteRefusal } from '../domain/catalog-facts.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { Revocation, RevocationSource } from '../domain/revocation.ts';
import type { ApplyCatalogOptions } from './apply-catalog.ts';
import type { ReportCatalogEvent } from './catalog-event.ts';
import type { CatalogResult } from './catalog-result.ts';
import type { CatalogTransactions, Saved, Swept } from './catalog-transactions.ts';
import { CatalogUnusable } from './catalog-unusable.ts';
import { refuse } from './refuse.ts';
import type { StoredAdminCredential } from './stored-admin-credential.ts';
import type { KeyManagerDeleted } from './write-key-managers.ts';
import type { RevocationsSaved } from './write-revocations.ts';
import type { FromWriter, ToWriter, WriteName, WriterOptions } from './writer-message.ts';

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

  #write<N extends WriteName>(
    name: N,
    ...args: Parameters<CatalogTransactions[N]>
  ): Promise<ReturnType<CatalogTransactions[N]> | WriteRefusal> {
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
