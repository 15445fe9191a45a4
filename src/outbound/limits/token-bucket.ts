// A token bucket: so many a second on average, so many at once after a quiet time. It never makes anybody wait.

/** How fast it fills and how much it holds. */
export interface BucketSize {
  readonly ratePerSecond: number;
  readonly burst: number;
}

/** One bucket; full at first. Its size is given with each call, so that changed settings hold at once. */
export class TokenBucket {
  #filled = Number.POSITIVE_INFINITY;
  #filledAtMs = 0;

  /** True when there was one to take. */
  take({ ratePerSecond, burst }: BucketSize, nowMs: number): boolean {
    // A clock that was set back brings nothing and takes nothing away.
    const passedMs = Math.max(0, nowMs - this.#filledAtMs);
    this.#filled = Math.min(burst, this.#filled + (passedMs * ratePerSecond) / 1000);
    this.#filledAtMs = nowMs;
    if (this.#filled < 1) return false;
    this.#filled -= 1;
    return true;
  }
}
