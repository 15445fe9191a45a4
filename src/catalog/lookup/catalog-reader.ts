// The deciding thread's view of the catalog: reads only, and the routing structure in memory. It never waits for a writer, never
// turns a failed read into an answer, and answers from memory only while SQLite says that nothing was committed since.

import type { Statement } from 'better-sqlite3';
import type { Catalog, CatalogMoment, CatalogSnapshot, StoredKeySet } from '../../authorize/ports.ts';
import type { ReportCatalogEvent } from '../outcome/catalog-event.ts';
import { type ChangedKinds, changedKindsReader, type LogPosition } from './changed-kinds.ts';
import { RevocationFinder } from './find-revocation.ts';
import { SubscriberFinder } from './find-subscriber.ts';
import { StructureLoader, type StructureLoaderOptions } from './structure-loader.ts';

interface MetaRow extends LogPosition {
  readonly structureRevision: number;
  readonly revocations: number;
  readonly tokenRevocations: number;
}

/** A moment that stays the present one until somebody commits something. */
interface HeldMoment extends CatalogMoment {
  /** As {@link DATA_VERSION} has it. */
  readonly version: number;
  readonly revision: number;
}

/**
 * Differs from what it was once any other connection, of any process, has committed anything to the file: the same look at the
 * WAL index by which SQLite itself knows whether its cached pages are still good. Compared for equality only.
 */
const DATA_VERSION = 'PRAGMA data_version';

/** Implements {@link Catalog}. */
export class CatalogReader implements Catalog {
  readonly #report: ReportCatalogEvent;
  readonly #version: Statement<[], number>;
  readonly #meta: Statement<[], MetaRow>;
  readonly #revision: Statement<[], number>;
  readonly #keySet: Statement<[string, string], StoredKeySet>;
  readonly #subscribers: SubscriberFinder;
  readonly #revocations: RevocationFinder;
  readonly #loader: StructureLoader;
  readonly #changedSince: (from: number | undefined, to: LogPosition) => ChangedKinds;
  readonly #inOneRevision: () => HeldMoment;
  /** Undefined after a failed read: nothing that was held before is the present then. */
  #present: HeldMoment | undefined;
  /** The last that was loaded, to go on from. */
  #loaded: { readonly snapshot: CatalogSnapshot; readonly revision: number } | undefined;
  #failing = false;

  readonly #takeMoment = () => {
    if (this.#present === undefined || this.#present.version !== this.#version.get()) {
      this.#present = undefined;
      this.#present = this.#inOneRevision();
    }
    return this.#present;
  };

  constructor(options: StructureLoaderOptions) {
    const { db, report } = options;
    this.#report = report;
    this.#version = db.prepare<[], number>(DATA_VERSION).pluck();
    this.#meta = db.prepare(
      `SELECT revision, structure_revision AS structureRevision, change_horizon AS horizon, revocations,
         token_revocations AS tokenRevocations FROM meta`,
    );
    this.#revision = db.prepare<[], number>('SELECT revision FROM meta').pluck();
    this.#keySet = db.prepare(
      'SELECT url, jwks, fetched_at_ms AS fetchedAtMs FROM key_set WHERE key_manager_id = ? AND url = ?',
    );
    this.#subscribers = new SubscriberFinder(db);
    this.#revocations = new RevocationFinder(db);
    this.#loader = new StructureLoader(options);
    this.#changedSince = changedKindsReader(db);
    this.#inOneRevision = db.transaction(() => this.#load());
  }

  /** The same object for as long as nothing at all is written. */
  moment(): CatalogMoment | undefined {
    return this.#reading(this.#takeMoment, undefined);
  }

  /** Of the present moment; the same object for as long as no API, no key manager and no deny policy changes. */
  snapshot(): CatalogSnapshot | undefined {
    return this.moment()?.snapshot;
  }

  /** The key set kept of a key manager's URL. */
  loadKeySet(keyManagerId: string, url: string): StoredKeySet | undefined {
    return this.#reading(() => this.#keySet.get(keyManagerId, url), undefined);
  }

  /** As {@link revision} at the last moment: what a decision's record says, without asking again. */
  get lastRevision(): number | undefined {
    return this.#present?.revision;
  }

  /** Rises with every write; undefined when it cannot be read. */
  revision(): number | undefined {
    return this.#reading(() => this.#revision.get(), undefined);
  }

  #load(): HeldMoment {
    // Once more, now that nothing can be committed in between.
    const version = this.#version.get();
    const meta = this.#meta.get();
    if (version === undefined || meta === undefined) throw new Error('the catalog has no meta row');
    const { revision, structureRevision } = meta;
    const before = this.#loaded;
    const changed = this.#changedSince(before?.revision, meta);
    this.#subscribers.follow(changed);
    this.#revocations.follow(changed);
    const snapshot =
      before?.snapshot.structureRevision === structureRevision ? before.snapshot : this.#loader.load(before?.snapshot);
    this.#loaded = { snapshot, revision };
    const counts = { all: meta.revocations, tokens: meta.tokenRevocations };
    const isPresent = () => this.#version.get() === version;
    const moment: HeldMoment = {
      ...{ version, revision, snapshot },
      findSubscriber: (consumerKey, keyManagerId, apiId) =>
        // Who asks a moment that is over is told what the file says.
        (this.#present === moment ? this.#subscribers.remembered(consumerKey, keyManagerId, apiId) : undefined) ??
        this.#reading(
          () => this.#subscribers.find(consumerKey, keyManagerId, apiId, structureRevision, isPresent),
          'stale',
        ),
      findRevocation: (subject, nowMs) =>
        counts.all === 0 || (this.#present === moment && this.#revocations.isUnnamed(subject))
          ? undefined
          : this.#reading(() => this.#revocations.find(subject, nowMs, counts, isPresent), 'unreadable'),
    };
    return moment;
  }

  #reading<T, U>(read: () => T, otherwise: U): T | U {
    try {
      const result = read();
      this.#failing = false;
      return result;
    } catch (error) {
      this.#present = undefined;
      if (!this.#failing) this.#report({ kind: 'unreadable', message: String(error) });
      this.#failing = true;
      return otherwise;
    }
  }
}
