// What a load is, whichever program makes it.

import type { Call } from './call.ts';

/** Envoy has one connection for each of its worker threads. */
export const CONNECTIONS = 4;
/** Requests that wait at one time in a closed loop, over all connections: enough to keep a server busy. */
export const IN_FLIGHT = 64;

/** What to send. */
export interface LoadOrder {
  readonly port: number;
  /** Where the server has an address for each of its workers: all of them, in place of `port`. */
  readonly ports?: readonly number[] | undefined;
  /** Sent in turn, from the first again after the last. */
  readonly calls: readonly Call[];
  /** Right answers whatever a call says. */
  readonly expected?: readonly number[] | undefined;
  readonly count: number;
  /** Open loop: so many a second, evenly. Absent: closed loop, as many as the server answers. */
  readonly perSecond?: number | undefined;
}

/** How it went. */
export interface LoadReport {
  readonly seconds: number;
  /** The share of its core that the client was at work. */
  readonly clientShare: number;
  /** Ascending, from the intended start of each request; empty for a closed loop. */
  readonly latenciesMs: Float64Array;
  /** Answers that were not right, in words; empty when all were. */
  readonly wrong: readonly string[];
  /** Why it does not count although nothing was wrong, in words: a machine that stands still makes answers late. */
  readonly spoilt?: string | undefined;
}
