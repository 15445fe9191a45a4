// The hub's side: a snapshot and the feed of changes as text, for any number of followers. Who reads slowly holds up nobody and costs
// nothing but a position: a batch is read and written out once, and only while somebody asks for the next.

import { setTimeout as pause } from 'node:timers/promises';
import type { SourcePosition } from '../domain/change.ts';
import { GONE_TEXT, GroupWriter, heartbeatText } from './change-lines.ts';
import type { ChangeHistory, ChangeReading } from './change-ports.ts';

/** What the feed is made with. */
export interface ChangeFeedOptions {
  readonly history: ChangeHistory;
  /** Of batches that are kept for the next follower. */
  readonly maxKeptBytes: number;
  /** The longest silence of a feed. */
  readonly heartbeatMs: number;
}

/** How a feed is read. */
export interface FollowOptions {
  /** Ends when what is there was sent, or after this time at the latest; undefined goes on until the signal. */
  readonly pollMs?: number;
  readonly signal: AbortSignal;
}

interface KeptBatch {
  readonly text: string;
  readonly to: SourcePosition;
}

/** Gives followers what changed. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #kept = new Map<string, KeptBatch>();
  readonly #reads = new Map<string, Promise<KeptBatch>>();
  #keptBytes = 0;
  #news = Promise.withResolvers<void>();

  constructor(options: ChangeFeedOptions) {
    this.#options = options;
  }

  /** For after each write. */
  wake(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }

  /** Everything, as one group. The read that it holds open is ended with it. */
  async *snapshot(signal: AbortSignal): AsyncGenerator<string> {
    const reading = this.#options.history.everything();
    const group = new GroupWriter();
    try {
      yield group.snapshot(reading.position);
      yield* partsOf(reading, group, signal);
      if (!signal.aborted) yield group.end();
    } finally {
      reading.close();
    }
  }

  /** What comes after a position, as it comes. */
  async *follow(from: SourcePosition, { pollMs, signal }: FollowOptions): AsyncGenerator<string> {
    const { heartbeatMs, history } = this.#options;
    const endsAtMs = pollMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + pollMs;
    let position = from;
    let sent = false;
    yield heartbeatText(history.position());
    while (!signal.aborted) {
      // Taken before the read, so that no write falls between the two.
      const news = this.#news.promise;
      const next = await this.#after(position);
      if (next === 'gone') {
        yield GONE_TEXT;
        return;
      }
      if (next !== 'current') {
        yield next.text;
        position = next.to;
        sent = true;
        continue;
      }
      const leftMs = endsAtMs - performance.now();
      if (pollMs !== undefined && (sent || leftMs <= 0)) {
        yield heartbeatText(history.position());
        return;
      }
      const isNews = await firstOf(news, Math.min(heartbeatMs, leftMs), signal);
      if (!isNews && !signal.aborted) yield heartbeatText(history.position());
    }
  }

  /** Read and written out once for all who stand at the same position. */
  async #after(position: SourcePosition): Promise<KeptBatch | 'current' | 'gone'> {
    const { history } = this.#options;
    const now = history.position();
    const key = `${position.epoch}\n${position.sequence}`;
    const known = this.#kept.get(key);
    // A restore begins another epoch, of which nothing that is kept is part.
    if (known !== undefined && known.to.epoch === now.epoch) return known;
    const underWay = this.#reads.get(key);
    if (underWay !== undefined) return underWay;
    const reading = history.after(position);
    if (typeof reading === 'string') return reading;
    const read = this.#write(position, reading);
    this.#reads.set(key, read);
    try {
      const batch = await read;
      this.#keep(key, batch);
      return batch;
    } finally {
      this.#reads.delete(key);
    }
  }

  async #write(from: SourcePosition, reading: ChangeReading): Promise<KeptBatch> {
    const group = new GroupWriter();
    const to = reading.position;
    let text = group.batch(from, to);
    for await (const part of partsOf(reading, group)) text += part;
    return { text: text + group.end(), to };
  }

  #keep(key: string, batch: KeptBatch): void {
    const { maxKeptBytes } = this.#options;
    if (batch.text.length > maxKeptBytes) return;
    this.#keptBytes += batch.text.length - (this.#kept.get(key)?.text.length ?? 0);
    this.#kept.delete(key);
    this.#kept.set(key, batch);
    for (const [oldest, { text }] of this.#kept) {
      if (this.#keptBytes <= maxKeptBytes) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= text.length;
    }
  }
}

/** Whoever takes the parts at once must not keep decisions waiting: there is room for one between any two. */
async function* partsOf(reading: ChangeReading, group: GroupWriter, signal?: AbortSignal): AsyncGenerator<string> {
  try {
    for (let part = reading.next(); part !== undefined && signal?.aborted !== true; part = reading.next()) {
      yield group.changes(part);
      await new Promise((resolve) => setImmediate(resolve));
    }
  } finally {
    reading.close();
  }
}

/** True for news, false when the time is over or the signal came. */
async function firstOf(news: Promise<void>, ms: number, signal: AbortSignal): Promise<boolean> {
  const over = new AbortController();
  try {
    return await Promise.race([
      news.then(() => true),
      pause(ms, false, { signal: AbortSignal.any([over.signal, signal]), ref: false }).catch(() => false),
    ]);
  } finally {
    over.abort();
  }
}
