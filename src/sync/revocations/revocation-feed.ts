// Spreads revocations through a shared stream: what is written here is appended, what others append is saved here. The stream should
// hold every revocation that still counts: whoever keeps one that it lacks adds it again, so it may be lost, trimmed or go back in
// time. Replays and duplicates change nothing. SQLite has a revocation first; this room is only how it gets around.

import { setImmediate as breathe, setTimeout as sleep } from 'node:timers/promises';
import type { Revocation } from '../../domain/revocation.ts';
import type { FeedObserver, KeyManagerNames, RevocationRows, SharedStream, StreamEntry } from './feed-ports.ts';
import { RevocationLedger } from './revocation-ledger.ts';
import { arrive, readEntry, type TravellingRevocation, writeEntries } from './travelling-revocation.ts';

/** Entries that are opened at once: a few milliseconds of the thread that decides. */
const BATCH_ENTRIES = 8;
/** Rows in one write to SQLite, and in one read of it: other work gets its turn in between. */
const BATCH_ROWS = 200;
/** Pause while the stream cannot be read. */
const RETRY_MS = 250;
/** After the stream was lost each process waits a part of this before it refills, so that most find it already done. */
const REFILL_SPREAD_MS = 2_000;
/** Entries are sealed anew after this time, and dropped after twice that; a part of it more differs from process to process. */
const RESEAL_MS = 12 * 3_600_000;
/** Everything is read anew so often, which forgets what was swept and finds what was missed. */
const REREAD_MS = 3_600_000;
/** Revocations that wait at most; beyond it they are found again at the next reading of everything. */
const MAX_WAITING = 10_000;

/** What the feed works with. */
export interface RevocationFeedOptions {
  readonly stream: SharedStream;
  readonly rows: RevocationRows;
  readonly keyManagers: KeyManagerNames;
  readonly observer: FeedObserver;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** 0 up to, and without, 1. */
  readonly random: () => number;
}

interface Position {
  readonly id: string;
  /** What the entry there says, so that another stream with the same id is noticed. */
  readonly text: string | undefined;
}

/** One process's part in the spreading. */
export class RevocationFeed {
  readonly #options: RevocationFeedOptions;
  readonly #ledger = new RevocationLedger();
  readonly #waiting = new Map<string, TravellingRevocation>();
  readonly #stopping = new AbortController();
  readonly #resealMs: number;
  #life: Promise<void> | undefined;
  #settled = Promise.resolve();
  #position: Position | undefined;
  /** Rows of SQLite up to here are in the ledger. */
  #keptUpTo = 0;
  /** Rows of SQLite up to here are in the stream. */
  #streamedUpTo = 0;
  #refillAtMs = 0;
  #rereadAtMs = 0;

  constructor(options: RevocationFeedOptions) {
    this.#options = options;
    this.#resealMs = RESEAL_MS * (1 + options.random() / 4);
  }

  /** Begins to follow the stream. */
  start(): void {
    this.#life ??= this.#live();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#life;
  }

  /** Spreads revocations that SQLite has already. False where that has to wait for Redis; it is done later then, by itself. */
  async publish(revocations: readonly Revocation[]): Promise<boolean> {
    const { clock, keyManagers, stream } = this.#options;
    for (const revocation of revocations) {
      this.#ledger.keep(revocation);
      this.#ledger.stream(revocation, clock());
    }
    const ids: unknown[] = [];
    for (const text of writeEntries(revocations, keyManagers)) ids.push(await stream.append(text));
    if (ids.every((id) => id !== undefined)) return true;
    for (const revocation of revocations) this.#ledger.unstream(revocation);
    this.#streamedUpTo = 0;
    return false;
  }

  /** Tries again to save what waits; for after a change of key managers, before its author is answered. */
  settle(): Promise<void> {
    // One after the other: what somebody else has taken out to save it need not be saved yet.
    const settled = this.#settled.then(() => this.#saveWaiting());
    this.#settled = settled.catch(() => undefined);
    return settled;
  }

  async #saveWaiting(): Promise<void> {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    await this.#save(waiting);
  }

  async #live(): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      const read = await this.#round().catch(() => false);
      if (!read) await sleep(RETRY_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  /** Reads on, fills up, waits. False when the stream cannot be read. */
  async #round(): Promise<boolean> {
    const { clock, stream } = this.#options;
    if (clock() >= this.#rereadAtMs) this.#startOver();
    await this.#readKept();
    const from = this.#position;
    const read = await stream.readFrom(from?.id ?? '-', BATCH_ENTRIES);
    if (read === undefined) return false;
    if (from !== undefined && (read[0]?.id !== from.id || read[0].content?.text !== from.text)) {
      this.#lose();
      return true;
    }
    await this.#apply(from === undefined ? read : read.slice(1));
    if (read.length === BATCH_ENTRIES) return true;
    await this.settle();
    await this.#refill();
    // Only a wake-up: what came may be the first entry of another stream in the place of ours, which the next look at our position shows.
    const news = await stream.waitAfter(this.#position?.id ?? '0-0', 1);
    return news !== undefined;
  }

  #startOver(): void {
    const { clock, random } = this.#options;
    this.#rereadAtMs = clock() + REREAD_MS;
    this.#refillAtMs = clock() + random() * REFILL_SPREAD_MS;
    this.#ledger.clear();
    this.#position = undefined;
    this.#keptUpTo = 0;
    this.#streamedUpTo = 0;
  }

  #lose(): void {
    const { clock, observer, random } = this.#options;
    this.#refillAtMs = clock() + random() * REFILL_SPREAD_MS;
    this.#ledger.forgetStream();
    this.#position = undefined;
    this.#streamedUpTo = 0;
    observer.lost();
  }

  async #readKept(): Promise<void> {
    for (;;) {
      const rows = this.#options.rows.since(this.#keptUpTo, BATCH_ROWS);
      for (const { revocation } of rows) this.#ledger.keep(revocation);
      this.#keptUpTo = rows.at(-1)?.sequence ?? this.#keptUpTo;
      if (rows.length < BATCH_ROWS) return;
      await breathe();
    }
  }

  /** An entry that is foreign or cannot be read is passed over, whatever comes behind it is not. */
  async #apply(entries: readonly StreamEntry[]): Promise<void> {
    const { clock, observer } = this.#options;
    const news: TravellingRevocation[] = [];
    for (const { id, content } of entries) {
      this.#position = { id, text: content?.text };
      if (content === undefined) continue;
      const rows = readEntry(content.text);
      if (rows === undefined) observer.unreadable();
      for (const row of rows ?? []) {
        const { revocation } = row;
        this.#ledger.stream(revocation, Math.min(content.issuedAtMs, clock()));
        const ended = revocation.expiresAtMs !== null && revocation.expiresAtMs <= clock();
        if (!ended && this.#ledger.isNews(revocation)) news.push(row);
      }
    }
    await this.#save(news);
  }

  async #save(rows: readonly TravellingRevocation[]): Promise<void> {
    const { keyManagers, observer } = this.#options;
    const ready: [row: TravellingRevocation, revocation: Revocation][] = [];
    for (const row of rows) {
      const revocation = arrive(row, keyManagers);
      if (revocation === undefined) this.#wait(row);
      else ready.push([row, revocation]);
    }
    for (let at = 0; at < ready.length; at += BATCH_ROWS) {
      const batch = ready.slice(at, at + BATCH_ROWS);
      const revocations = batch.map(([, revocation]) => revocation);
      const saved = await this.#options.rows.save(revocations, this.#position?.id ?? '0-0').catch(() => false);
      if (saved) {
        for (const revocation of revocations) this.#ledger.keep(revocation);
        observer.applied(revocations.length);
      } else for (const [row] of batch) this.#wait(row);
    }
    observer.waiting(this.#waiting.size);
  }

  #wait(row: TravellingRevocation): void {
    const { id, lifted } = row.revocation;
    const before = this.#waiting.get(id);
    if (before?.revocation.lifted && !lifted) return;
    if (before !== undefined || this.#waiting.size < MAX_WAITING) this.#waiting.set(id, row);
  }

  /** Adds what is kept here and missing there, and drops what is too old to be needed there. */
  async #refill(): Promise<void> {
    const { clock, observer, rows, stream } = this.#options;
    if (clock() < this.#refillAtMs) return;
    const sealedBeforeMs = clock() - this.#resealMs;
    const checksAll = this.#streamedUpTo === 0;
    for (;;) {
      const kept = rows.since(this.#streamedUpTo, BATCH_ROWS);
      const missing = kept
        .map(({ revocation }) => revocation)
        .filter(({ expiresAtMs }) => expiresAtMs === null || expiresAtMs > clock())
        .filter((revocation) => this.#ledger.isMissing(revocation, sealedBeforeMs));
      if (missing.length > 0) {
        if (!(await this.publish(missing))) return;
        observer.refilled(missing.length);
      }
      this.#streamedUpTo = kept.at(-1)?.sequence ?? this.#streamedUpTo;
      if (kept.length < BATCH_ROWS) break;
      await breathe();
    }
    const newestMs = Number(this.#position?.id.split('-')[0] ?? Number.NaN);
    if (checksAll && Number.isFinite(newestMs)) await stream.trimBefore(newestMs - 2 * RESEAL_MS);
  }
}
