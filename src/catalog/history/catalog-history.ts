// A catalog's history as followers read it, a little at a time: each reading has a connection of its own and sees one moment.

import type { Change, ChangeBatch, SourcePosition } from '../../domain/change.ts';
import { CatalogFeed, type HistoryPart } from './catalog-feed.ts';

/** Entities in a part; the deciding thread reads them between two decisions. */
const PART = 100;

/** Changes after a position that are worth more than a snapshot, which only the difference is taken of. */
const MAX_CHANGES = 20_000;

/** Reads at one moment, whatever is written meanwhile. */
export interface HistoryReading {
  readonly position: SourcePosition;
  /** The next part; undefined at the end. */
  next(): readonly Change[] | undefined;
  close(): void;
}

/** Opens readings of one file. */
export class CatalogHistory {
  readonly #feed: CatalogFeed;

  /** `feed`: for questions that one read answers. */
  constructor(feed: CatalogFeed) {
    this.#feed = feed;
  }

  /** Where the history stands now. */
  position(): SourcePosition {
    return this.#feed.position();
  }

  /** What changed after a position, up to now; `gone` where only a snapshot helps. */
  after(from: SourcePosition): HistoryReading | 'current' | 'gone' {
    const now = this.position();
    if (from.epoch === now.epoch && from.sequence === now.sequence) return 'current';
    const few = this.#feed.changesSince(from, PART);
    if (few !== 'too_far') return readingOf(few);
    return this.#reading((feed) => feed.changesIn(from, MAX_CHANGES, PART)) ?? 'gone';
  }

  /** All there is, parents before children. */
  everything(): HistoryReading {
    const reading = this.#reading((feed) => feed.snapshot(PART));
    return reading ?? { position: this.position(), next: () => undefined, close: () => undefined };
  }

  /** Undefined where there is nothing to read. */
  #reading(open: (feed: CatalogFeed) => Generator<HistoryPart, unknown>): HistoryReading | undefined {
    const feed = new CatalogFeed(this.#feed.file);
    const parts = open(feed);
    const close = () => {
      parts.return(undefined);
      feed.close();
    };
    const first = parts.next();
    if (first.done === true) {
      close();
      return undefined;
    }
    let waiting: HistoryPart | undefined = first.value;
    const next = () => {
      const part = waiting ?? partOf(parts.next());
      waiting = undefined;
      if (part === undefined) close();
      return part?.changes;
    };
    return { position: first.value.position, next, close };
  }
}

function partOf({ done, value }: IteratorResult<HistoryPart, unknown>): HistoryPart | undefined {
  return done === true ? undefined : (value as HistoryPart);
}

/** Those that were read at once. */
function readingOf({ to, changes }: ChangeBatch): HistoryReading {
  let left: readonly Change[] | undefined = changes;
  const next = () => {
    const part = left;
    left = undefined;
    return part;
  };
  return { position: to, next, close: () => undefined };
}
