// Keeps key sets fresh while nobody asks: one timer looks for those that are due and has a few of them fetched at a time. It knows
// nothing of when a set is due.

import type { RemoteKeys } from './remote-keys.ts';

/** What it looks after. */
export interface KeySetRefresherOptions {
  readonly remoteKeys: () => Iterable<RemoteKeys>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Looking at ten thousand sets takes about a millisecond. */
const TICK_MS = 500;
/** Fetches at once that nobody waits for; what a token waits for is fetched at once, beside these. */
const MAX_FETCHES = 16;
/** Of them for servers that failed last: many that hang must not hold up those that are well. */
const MAX_FAILING_FETCHES = 4;

/** One for all key managers. */
export class KeySetRefresher {
  readonly #options: KeySetRefresherOptions;
  #timer: NodeJS.Timeout | undefined;
  #well: RemoteKeys[] = [];
  #failing: RemoteKeys[] = [];
  #fetches = 0;
  #failingFetches = 0;

  constructor(options: KeySetRefresherOptions) {
    this.#options = options;
  }

  /** Its timer does not keep the process alive. */
  start(): void {
    this.#timer ??= setInterval(() => this.look(), TICK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#well = [];
    this.#failing = [];
  }

  /** Finds what is due now. */
  look(): void {
    const nowMs = this.#options.clock();
    const due = [...this.#options.remoteKeys()].filter((keys) => keys.isDue(nowMs));
    this.#well = due.filter(({ failedAtMs }) => failedAtMs === undefined);
    // The one that failed longest ago comes first, so that each has its turn.
    this.#failing = due
      .filter(({ failedAtMs }) => failedAtMs !== undefined)
      .sort((a, b) => (a.failedAtMs ?? 0) - (b.failedAtMs ?? 0));
    this.#fetchNext();
  }

  #fetchNext(): void {
    while (this.#fetches < MAX_FETCHES) {
      const keys = this.#next();
      if (keys === undefined) return;
      // It may have been fetched since, or have gone.
      if (!keys.isDue(this.#options.clock())) continue;
      const failing = Number(keys.failedAtMs !== undefined);
      this.#fetches += 1;
      this.#failingFetches += failing;
      keys.refresh().finally(() => {
        this.#fetches -= 1;
        this.#failingFetches -= failing;
        this.#fetchNext();
      });
    }
  }

  #next(): RemoteKeys | undefined {
    return this.#well.shift() ?? (this.#failingFetches < MAX_FAILING_FETCHES ? this.#failing.shift() : undefined);
  }
}
