// What a scenario is: some servers that stand side by side, each with what is to be sent to it. A scenario sets up and verifies; when
// and how it is measured is not its business.

import type { WatchAllocation } from './allocation.ts';
import type { Call } from './call.ts';
import type { Lab } from './lab.ts';

/** One of the servers that are measured in turn. */
export interface Contestant {
  readonly name: string;
  readonly port: number;
  /** Of all its workers, where it has several. */
  readonly ports?: readonly number[];
  /** Processes whose CPU time and memory count. */
  readonly pids: readonly number[];
  /** Absent where it cannot tell. */
  readonly allocation?: WatchAllocation;
  /** What the next measurement sends, which sends so many requests: the same calls over and over where there are fewer. */
  readonly calls: (count: number) => readonly Call[];
  /** Each call is another one each time, for only the first time counts; how many there are is fixed. */
  readonly once?: boolean;
  /** The right answers whatever the calls say; the floor's are always an allow. */
  readonly expected?: readonly number[];
  /** The size of each answer with its gRPC frame, where all are of one size. */
  readonly answerBytes?: number;
  /** Requests that key managers have had from it so far. */
  readonly outboundCalls?: () => number;
  /** Size of its catalog's file. */
  readonly catalogBytes?: number;
  /** In place of calls: does something once and resolves to the milliseconds that are of interest. */
  readonly trial?: () => Promise<number>;
  /** What goes on while it is measured; the result ends it. */
  readonly meanwhile?: () => () => Promise<void>;
}

/** At which rates latency is measured: shares of what the slowest contestant can do, or requests a second. */
export type Rates =
  | { readonly kind: 'shares'; readonly shares: readonly number[] }
  | { readonly kind: 'fixed'; readonly perSecond: number };

/** A scenario. */
export interface Scenario {
  /** `S1` and so on; what other pages and the results call it. */
  readonly id: string;
  readonly title: string;
  /** What is sent and to what, for the page. */
  readonly what: string;
  readonly rates: Rates;
  /** The first contestant is what the others are compared with. */
  readonly contestants: (lab: Lab) => Promise<readonly Contestant[]>;
}

/** Where a scenario has no reason for more. */
export const HALF_LOAD: Rates = { kind: 'shares', shares: [0.5] };
