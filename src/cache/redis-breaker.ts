// Decides whether Redis is asked at all: late answers open it, an answered probe closes it. No timers and no I/O here.

/** Late answers, less those in time, that open it. With a limit of 20 ms each, three one after the other take 60 ms. */
const LATE_TO_OPEN = 3;

/** Open at first, and whenever Redis was late too often. */
export class RedisBreaker {
  #late = 0;
  #open = true;

  get open(): boolean {
    return this.#open;
  }

  /** An answer did not come in time. */
  late(): void {
    this.#late += 1;
    if (this.#late >= LATE_TO_OPEN) this.#open = true;
  }

  /** An answer came in time; which one is of no matter here: an error too shows that Redis is there. */
  inTime(): void {
    if (this.#late > 0) this.#late -= 1;
  }

  /** A new connection has to show that it answers. */
  trip(): void {
    this.#open = true;
  }

  /** A probe was answered in time. */
  close(): void {
    this.#open = false;
    this.#late = 0;
  }
}
