// The writer as the rest of the program sees it: asynchronous, every outcome a value. The work is done in a thread of its own.

import { Worker } from 'node:worker_threads';
import type { StoredKeySet } from '../authorize/ports.ts';
import type { CatalogFacts, KeyManagerWrite, WriteRefusal } from '../domain/catalog-facts.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { ApplyCatalogOptions } from './apply-catalog.ts';
import type { ReportCatalogEvent } from './catalog-event.ts';
import type { CatalogResult } from './catalog-result.ts';
import type { CatalogTransactions, Saved } from './catalog-transactions.ts';
import { CatalogUnusable } from './catalog-unusable.ts';
import { refuse } from './refuse.ts';
import type { StoredAdminCredential } from './stored-admin-credential.ts';
import type { KeyManagerDeleted } from './write-key-managers.ts';
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
  createKeyManager(write: KeyManagerWrite): Promise<StoredKeyManager | WriteRefusal> {
    return this.#write('createKeyManager', write);
  }

  /** Deletes a key manager; one that is `in_use` only with `force`, and then with every reference to it. */
  deleteKeyManager(organization: string, id: string, force: boolean): Promise<KeyManagerDeleted | WriteRefusal> {
    return this.#write('deleteKeyManager', organization, id, force);
  }

  /** Keeps a fetched key set for the next start. */
  saveKeySet(keyManagerId: string, keySet: StoredKeySet): Promise<Saved | WriteRefusal> {
    return this.#write('saveKeySet', keyManagerId, keySet);
  }

  /** Writes a credential for the admin side, in the place of the one of its name. */
  saveAdminCredential(credential: StoredAdminCredential): Promise<Saved | WriteRefusal> {
    return this.#write('saveAdminCredential', credential);
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
  }
}
