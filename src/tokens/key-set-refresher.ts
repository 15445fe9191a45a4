// Keeps key sets fresh while nobody asks: one timer looks for those that are due and has a few of them fetched at a time. It knows
// nothing of when a set is due.

import type { RemoteKeys } from './remote-keys.ts';

/** What it looks after. */
export interface KeySetRefresherOptions {
  readonly remoteKeys: () => Iterable<RemoteKeys>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Looking at ten thousand sets takes less than a millisecond. */
const TICK_MS = 500;
/** Fetches at once that nobody waits for; what a token waits for is fetched at once, beside these. */
const MAX_FETCHES = 16;

/** One for all key managers. */
export class KeySetRefresher {
  readonly #options: KeySetRefresherOptions;
  #timer: NodeJS.Timeout | undefined;
  #due: RemoteKeys[] = [];
  #fetches = 0;

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
    this.#due = [];
  }

  /** Finds what is due now. */
  look(): void {
    const nowMs = this.#options.clock();
    this.#due = [...this.#options.remoteKeys()].filter((keys) => keys.isDue(nowMs));
    this.#fetchNext();
  }

  #fetchNext(): void {
    while (this.#fetches < MAX_FETCHES) {
      const keys = this.#due.shift();
      if (keys === undefined) return;
      // It may have been fetched since, or have gone.
      if (!keys.isDue(this.#options.clock())) continue;
      this.#fetches += 1;
      keys.refresh().finally(() => {
        this.#fetches -= 1;
        this.#fetchNext();
      });
    }
  }
}
