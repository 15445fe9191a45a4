// The deciding thread's view of the catalog: reads only, one prepared statement a question, and the routing structure in
// memory. It never waits for a writer and never turns a failed read into an answer.

import type { Statement } from 'better-sqlite3';
import type { Catalog, CatalogSnapshot, StoredKeySet } from '../authorize/ports.ts';
import type { Revocation, RevocationSubject } from '../domain/revocation.ts';
import type { Subscriber } from '../domain/subscriber.ts';
import { attributeReader } from './attribute-reader.ts';
import type { ReportCatalogEvent } from './catalog-event.ts';
import { RevocationFinder } from './find-revocation.ts';
import { StructureLoader, type StructureLoaderOptions } from './structure-loader.ts';
import { findSubscriberSql, type SubscriberRow, toSubscriber } from './subscriber-row.ts';

/** Belongs to no snapshot, so a decision that gets it starts over and finds the catalog unreadable. */
const UNREADABLE: Subscriber = { structureRevision: -1, mapping: null, application: null, subscription: null };

/** Implements {@link Catalog}. */
export class CatalogReader implements Catalog {
  readonly #report: ReportCatalogEvent;
  readonly #revisions: Statement<[], [structure: number, all: number]>;
  readonly #revision: Statement<[], number>;
  readonly #subscriber: Statement<[string, string, string], SubscriberRow>;
  readonly #keySet: Statement<[string, string], StoredKeySet>;
  readonly #revocations: RevocationFinder;
  readonly #loader: StructureLoader;
  #held: CatalogSnapshot | undefined;
  readonly #attributesOf = attributeReader();
  #lastRevision: number | undefined;
  #failing = false;

  constructor(options: StructureLoaderOptions) {
    const { db, report } = options;
    this.#report = report;
    this.#revisions = db.prepare<[], [number, number]>('SELECT structure_revision, revision FROM meta').raw();
    this.#revision = db.prepare<[], number>('SELECT revision FROM meta').pluck();
    this.#subscriber = db.prepare(findSubscriberSql);
    this.#keySet = db.prepare(
      'SELECT url, jwks, fetched_at_ms AS fetchedAtMs FROM key_set WHERE key_manager_id = ? AND url = ?',
    );
    this.#revocations = new RevocationFinder(db);
    this.#loader = new StructureLoader(options);
  }

  /** The same object for as long as no API, no key manager and no deny policy changes. */
  snapshot(): CatalogSnapshot | undefined {
    return this.#reading(() => {
      this.#lastRevision = undefined;
      const [structureRevision, revision] = this.#revisions.get() ?? [];
      if (structureRevision !== this.#held?.structureRevision) this.#held = this.#loader.load(this.#held);
      this.#lastRevision = revision;
      return this.#held;
    }, undefined);
  }

  /** What is known of a client that calls an API, all of one revision. */
  findSubscriber(consumerKey: string, keyManagerId: string, apiId: string): Subscriber {
    return this.#reading(() => {
      const row = this.#subscriber.get(consumerKey, keyManagerId, apiId);
      return row === undefined ? UNREADABLE : toSubscriber(row, this.#attributesOf);
    }, UNREADABLE);
  }

  /** An entry in force that hits the token. Nothing is looked up where nothing is revoked. */
  findRevocation(subject: RevocationSubject, nowMs: number): Revocation | 'unreadable' | undefined {
    return this.#reading<Revocation | 'unreadable' | undefined>(
      () => this.#revocations.find(subject, nowMs),
      'unreadable',
    );
  }

  /** The key set kept of a key manager's URL. */
  loadKeySet(keyManagerId: string, url: string): StoredKeySet | undefined {
    return this.#reading(() => this.#keySet.get(keyManagerId, url), undefined);
  }

  /** As {@link revision} when the last snapshot was taken: what a decision's record says, without asking again. */
  get lastRevision(): number | undefined {
    return this.#lastRevision;
  }

  /** Rises with every write; undefined when it cannot be read. */
  revision(): number | undefined {
    return this.#reading(() => this.#revision.get(), undefined);
  }

  #reading<T>(read: () => T, otherwise: T): T {
    try {
      const result = read();
      this.#failing = false;
      return result;
    } catch (error) {
      if (!this.#failing) this.#report({ kind: 'unreadable', message: String(error) });
      this.#failing = true;
      return otherwise;
    }
  }
}
