// Durations as counts of buckets: a second of them is a handful of numbers, however many there were. It knows no clock.

/** Upper bounds: from a cached token (tens of microseconds) to Envoy's timeout; the budget's default is 0.45 s. */
export const DURATION_BUCKETS_SECONDS: readonly number[] = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.45, 1,
];

/** Some durations. */
export interface Durations {
  /** How many fell into each bucket and not into one before it; the last number is of those beyond all bounds. */
  readonly buckets: readonly number[];
  readonly sumSeconds: number;
}

/** Sorts durations into buckets. */
export class DurationSums {
  #buckets = emptyBuckets();
  #sumSeconds = 0;

  /** Takes in one. */
  add(seconds: number): void {
    let at = 0;
    while (at < DURATION_BUCKETS_SECONDS.length && seconds > (DURATION_BUCKETS_SECONDS[at] as number)) at++;
    this.#buckets[at] = (this.#buckets[at] ?? 0) + 1;
    this.#sumSeconds += seconds;
  }

  /** Takes in those that were summed elsewhere. */
  addAll({ buckets, sumSeconds }: Durations): void {
    for (const [at, count] of buckets.entries()) this.#buckets[at] = (this.#buckets[at] ?? 0) + count;
    this.#sumSeconds += sumSeconds;
  }

  /** What there is now. */
  get(): Durations {
    return { buckets: [...this.#buckets], sumSeconds: this.#sumSeconds };
  }

  /** Begins anew. */
  clear(): void {
    this.#buckets = emptyBuckets();
    this.#sumSeconds = 0;
  }
}

function emptyBuckets(): number[] {
  return new Array<number>(DURATION_BUCKETS_SECONDS.length + 1).fill(0);
}
