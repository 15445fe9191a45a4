// The hub's side: a snapshot and the feed of changes as text, for any number of followers. Who reads slowly holds up nobody and costs
// nothing but a position: a batch is read and written out once, and only while somebody asks for the next.

import { setTimeout as pause } from 'node:timers/promises';
import type { SourcePosition } from '../../domain/change.ts';
import { GONE_TEXT, heartbeatText } from '../changes/change-lines.ts';
import type { BatchText, ChangeTexts } from '../changes/change-ports.ts';

/** What the feed is made with. */
export interface ChangeFeedOptions {
  readonly texts: ChangeTexts;
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

/** Gives followers what changed. */
export class ChangeFeed {
  readonly #options: ChangeFeedOptions;
  readonly #kept = new Map<string, BatchText>();
  readonly #reads = new Map<string, ReturnType<ChangeTexts['after']>>();
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

  /** Everything, as one group. */
  async *snapshot(signal: AbortSignal): AsyncGenerator<string> {
    for await (const part of this.#options.texts.everything()) {
      if (signal.aborted) return;
      yield part;
    }
  }

  /** What comes after a position, as it comes. */
  async *follow(from: SourcePosition, { pollMs, signal }: FollowOptions): AsyncGenerator<string> {
    const { heartbeatMs, texts } = this.#options;
    const endsAtMs = pollMs === undefined ? Number.POSITIVE_INFINITY : performance.now() + pollMs;
    let position = from;
    let sent = false;
    yield heartbeatText(texts.position());
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
        yield heartbeatText(texts.position());
        return;
      }
      const isNews = await firstOf(news, Math.min(heartbeatMs, leftMs), signal);
      if (!isNews && !signal.aborted) yield heartbeatText(texts.position());
    }
  }

  /** Read and written out once for all who stand at the same position. */
  async #after(position: SourcePosition): Promise<BatchText | 'current' | 'gone'> {
    const { texts } = this.#options;
    const now = texts.position();
    if (position.epoch === now.epoch && position.sequence === now.sequence) return 'current';
    const key = `${position.epoch}\n${position.sequence}`;
    const known = this.#kept.get(key);
    // A restore begins another epoch, of which nothing that is kept is part.
    if (known !== undefined && known.to.epoch === now.epoch) return known;
    const read = this.#reads.get(key) ?? texts.after(position).finally(() => this.#reads.delete(key));
    this.#reads.set(key, read);
    const batch = await read;
    if (typeof batch !== 'string') this.#keep(key, batch);
    return batch;
  }

  #keep(key: string, batch: BatchText): void {
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
