// A circuit breaker for one key manager: when most of the last requests failed nobody asks for a while, then one request at a time
// tries. cockatiel counts; its own breaker would make requests wait for the one that tries, and trusts the wall clock.

import { CircuitState, CountBreaker } from 'cockatiel';

/** Opens when more than half of the last twenty failed, or of at least five after a start. */
const SAMPLES = { size: 20, minimumNumberOfCalls: 5, threshold: 0.5 };
/** The pause doubles while tries fail: a server that comes back is found soon, one that is gone is not trampled. */
const FIRST_PAUSE_MS = 500;
const LAST_PAUSE_MS = 8_000;
/** Pauses are up to this part shorter, so that a fleet does not try together. */
const JITTER = 0.2;

/** The state of one circuit. */
export class Circuit {
  readonly #random: () => number;
  readonly #counter = new CountBreaker(SAMPLES);
  #pauseMs = 0;
  #pauseUntilMs = 0;
  #isTrying = false;

  constructor(random: () => number) {
    this.#random = random;
  }

  get isOpen(): boolean {
    return this.#pauseMs > 0;
  }

  /** True when a request may be made now. */
  admits(nowMs: number): boolean {
    if (!this.isOpen) return true;
    // A pause longer than any is one of before the clock was set back.
    const leftMs = this.#pauseUntilMs - nowMs;
    return !this.#isTrying && (leftMs <= 0 || leftMs > LAST_PAUSE_MS);
  }

  /** A request begins. Returns what to tell its end to: requests from before the circuit opened do not close it. */
  begin(): (outcome: 'ok' | 'failed', nowMs: number) => void {
    if (this.isOpen) {
      this.#isTrying = true;
      return (outcome, nowMs) => this.#tried(outcome, nowMs);
    }
    return (outcome, nowMs) => {
      if (this.isOpen) return;
      if (outcome === 'ok') this.#counter.success(CircuitState.Closed);
      else if (this.#counter.failure(CircuitState.Closed)) this.#open(FIRST_PAUSE_MS, nowMs);
    };
  }

  #tried(outcome: 'ok' | 'failed', nowMs: number): void {
    this.#isTrying = false;
    if (outcome === 'failed') this.#open(Math.min(LAST_PAUSE_MS, 2 * this.#pauseMs), nowMs);
    else {
      this.#pauseMs = 0;
      this.#counter.success(CircuitState.HalfOpen);
    }
  }

  #open(pauseMs: number, nowMs: number): void {
    this.#pauseMs = pauseMs;
    this.#pauseUntilMs = nowMs + pauseMs * (1 - JITTER * this.#random());
  }
}
