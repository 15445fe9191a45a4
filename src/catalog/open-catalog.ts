// Opens the catalog: the writer in its thread, then the readers of this thread. The only way into this room.

import type { CatalogSnapshot, KeySetStore } from '../authorize/ports.ts';
import type { SealingKey } from '../sealing/sealing-key.ts';
import { SecretSealer } from '../sealing/secret-sealer.ts';
import { openForReading } from './database/open-database.ts';
import { CatalogFeed } from './history/catalog-feed.ts';
import { CatalogHistory } from './history/catalog-history.ts';
import { CatalogEntities } from './lists/catalog-entities.ts';
import { CatalogLists } from './lists/catalog-lists.ts';
import { CatalogReader } from './lookup/catalog-reader.ts';
import type { ResolveKeyManager } from './lookup/structure-loader.ts';
import type { CatalogEvent, ReportCatalogEvent } from './outcome/catalog-event.ts';
import { CatalogUnusable } from './outcome/catalog-unusable.ts';
import { CatalogWriter } from './writer/catalog-writer.ts';
import { ChangeSink } from './writer/change-sink.ts';
import { RefusedAttempts } from './writer/refused-attempts.ts';

/** Longer than any write of ours; a foreign lock that lasts longer is answered with "try again". */
const BUSY_TIMEOUT_MS = 5000;

/** Nobody waits for the room that an expired revocation takes. */
const SWEEP_INTERVAL_MS = 60_000;

/** Past the rush of a start, in which the writer has better things to do. */
const FULL_CHECK_DELAY_MS = 30_000;

/** What the catalog is opened with. */
export interface OpenCatalogOptions {
  /** Created, with its folder, when it does not exist; readable by its owner only. */
  readonly file: string;
  readonly resolveKeyManager: ResolveKeyManager;
  readonly report: ReportCatalogEvent;
  /** The first seals secrets at rest, all open them. */
  readonly sealingKeys: readonly SealingKey[];
  /** Members of `additionalProperties` that are secrets of a type beside those that sound so; for files of the first schema. */
  readonly secretNames?: Readonly<Record<string, readonly string[]>>;
  /** How often revocations are looked through for those whose time is over; a minute unless given. */
  readonly sweepIntervalMs?: number;
  /** How long a write waits for a foreign lock; 5 s unless given. */
  readonly busyTimeoutMs?: number;
  /** How long after a clean start the file is checked in full; 30 s unless given. */
  readonly fullCheckDelayMs?: number;
}

/** An open catalog. */
export interface OpenCatalog {
  readonly reader: CatalogReader;
  readonly lists: CatalogLists;
  readonly writer: CatalogWriter;
  readonly keySets: KeySetStore;
  /** What followers read. For a whole snapshot, open one of its own on {@link CatalogWriter.file}. */
  readonly feed: CatalogFeed;
  /** For a follower of a hub. */
  readonly sink: ChangeSink;
  /** The hub's side of that. */
  readonly history: CatalogHistory;
  /** Every entity whole, for who compares them with a control plane's. */
  readonly entities: CatalogEntities;
  /** Brings attempts that came to nothing into the audit. */
  readonly refusedAttempts: RefusedAttempts;
  /** Calls back, soon after each write that changed an API, a key manager or a deny policy, with what is in force then. Returns how to end that. */
  onStructureChange(listener: (snapshot: CatalogSnapshot) => void): () => void;
  /** Calls back after each write of anything. Returns how to end that. */
  onWrite(listener: () => void): () => void;
  /** Waits for the writes sent so far; nothing may be read or written afterwards. */
  close(): Promise<void>;
}

/** Rejects with {@link CatalogUnusable} when the file is in use, foreign, newer or damaged. */
export async function openCatalog(options: OpenCatalogOptions): Promise<OpenCatalog> {
  const { file, resolveKeyManager, sealingKeys, secretNames = {} } = options;
  const { busyTimeoutMs = BUSY_TIMEOUT_MS, fullCheckDelayMs = FULL_CHECK_DELAY_MS } = options;
  const { sweepIntervalMs = SWEEP_INTERVAL_MS } = options;
  const sealer = new SecretSealer(sealingKeys);
  let lastEvent: CatalogEvent | undefined;
  const report: ReportCatalogEvent = (event) => {
    lastEvent = event;
    options.report(event);
  };
  const writer = await CatalogWriter.start(
    { file, sealingKeys, secretNames, busyTimeoutMs, fullCheckDelayMs, sweepIntervalMs },
    report,
  );
  const db = openForReading(writer.file);
  const feed = new CatalogFeed(writer.file);
  const refusedAttempts = new RefusedAttempts({ save: (entries) => writer.saveAuditEntries(entries), clock: Date.now });
  const close = async () => {
    await refusedAttempts.flush();
    // The last connection to close cleans up after the others, and only the writer's may.
    db.close();
    feed.close();
    await writer.close();
  };
  const reader = new CatalogReader({ db, sealer, resolveKeyManager, report });
  let told = reader.snapshot();
  if (told === undefined) {
    await close();
    const details = lastEvent?.kind === 'unreadable' ? lastEvent.message : 'unknown error';
    throw new CatalogUnusable(file, `cannot be read (${details})`, 'move it aside and restore a copy');
  }
  const keySets: KeySetStore = {
    load: (keyManagerId, url) => reader.loadKeySet(keyManagerId, url),
    // A failure was reported by then; a key manager that is gone needs no key set.
    save: (keyManagerId, keySet) => void writer.saveKeySet(keyManagerId, keySet),
  };
  const listeners = new Set<(snapshot: CatalogSnapshot) => void>();
  const writeListeners = new Set<() => void>();
  writer.onWritten(() => {
    for (const listener of writeListeners) listener();
    const snapshot = reader.snapshot();
    if (snapshot === undefined || snapshot === told) return;
    told = snapshot;
    for (const listener of listeners) listener(snapshot);
  });
  const onWrite: OpenCatalog['onWrite'] = (listener) => {
    writeListeners.add(listener);
    return () => writeListeners.delete(listener);
  };
  const onStructureChange: OpenCatalog['onStructureChange'] = (listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  };
  const lists = new CatalogLists(db, sealer);
  const sink = new ChangeSink(lists, writer.source, report);
  const history = new CatalogHistory(feed);
  const entities = new CatalogEntities(db, sealer);
  const following = { feed, sink, history, entities };
  return { reader, lists, writer, keySets, ...following, refusedAttempts, onStructureChange, onWrite, close };
}
