// What the house holds itself to, each goal a figure of one round; the page shows the median over the kept rounds beside it.

import type { Measurement } from '../measurement.ts';
import { cpuMicrosOf } from '../summary.ts';

type Of = (contestant: string) => Measurement;

/** One goal. */
export interface Goal {
  readonly what: string;
  readonly scenario: string;
  /** Full load, or the only or middle one of the fixed rates. */
  readonly load: 'full' | 'rate';
  /** Worked out for each round; `of` gives a contestant by its name. */
  readonly figure: (of: Of) => number;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** What would be better still. */
  readonly stretch?: number;
  /** The contestant whose share of the floor this is about, for plots. */
  readonly shareOf?: string;
}

const cpuRatio = (dividend: string, divisor: string) => (of: Of) =>
  cpuMicrosOf(of(dividend)) / cpuMicrosOf(of(divisor));
const p50 = (measurement: Measurement) => measurement.latency?.p50 ?? Number.NaN;
const MIB = 2 ** 20;

const share = (what: string, scenario: string, shareOf: string, atLeast: number, stretch?: number): Goal => ({
  what: `${what}: CPU per check, floor ÷ Gatehouse`,
  ...{ scenario, load: 'full', figure: cpuRatio('floor', shareOf), atLeast, shareOf },
  ...(stretch !== undefined && { stretch }),
});
const cpuGrowth = (what: string, scenario: string, dividend: string, divisor: string, atMost: number): Goal => ({
  what: `CPU per check, ${what}`,
  ...{ scenario, load: 'full', figure: cpuRatio(dividend, divisor), atMost },
});

/** Denials whose cost has a goal. */
const DENIALS = ['bad signature', 'no subscription', 'missing scope'] as const;

/** All goals. */
export const GOALS: readonly Goal[] = [
  share('hot RS256', 'S1', 'gatehouse', 0.7, 0.85),
  share('hot ES256', 'S2', 'gatehouse', 0.7, 0.85),
  share('second sight', 'S3', 'again', 0.7, 0.85),
  share('first sight, Redis configured', 'S3r', 'with Redis', 0.45, 0.55),
  share('first sight, without Redis', 'S3', 'first sight', 0.45, 0.55),
  share('50 key managers', 'S4', '50 key managers', 0.65),
  share('1,000 key managers', 'S4', '1000 key managers', 0.65),
  ...DENIALS.map((denial) => share(`hot denial, ${denial}`, 'S7', denial, 0.65)),
  {
    what: 'requests to key managers during hot denials',
    scenario: 'S7',
    load: 'full',
    figure: (of) => DENIALS.reduce((sum, denial) => sum + (of(denial).outboundCalls ?? Number.NaN), 0),
    atMost: 0,
  },
  cpuGrowth('1,000 key managers ÷ 1', 'S4', '1000 key managers', '1 key manager', 1.1),
  cpuGrowth('1,000,000 subscriptions ÷ 1,000', 'S11', '1,000,000 subscriptions', '1,000 subscriptions', 1.25),
  cpuGrowth('5,000,000 subscriptions ÷ 1,000', 'S11', '5,000,000 subscriptions', '1,000 subscriptions', 1.25),
  cpuGrowth('distinct forged tokens ÷ distinct valid ones', 'S7d', 'bad signature', 'valid', 1),
  cpuGrowth('with admin writes ÷ without', 'S9', 'with writes', 'without writes', 1.15),
  {
    what: 'p50, with admin writes ÷ without',
    scenario: 'S9',
    load: 'rate',
    figure: (of) => p50(of('with writes')) / p50(of('without writes')),
    atMost: 1.15,
  },
  cpuGrowth('first sight, Redis away ÷ Redis there', 'S3r', 'Redis away', 'with Redis', 1.05),
  {
    what: 'from start to ready, 1,000,000 subscriptions ÷ 1,000',
    scenario: 'S11b',
    load: 'rate',
    figure: (of) => p50(of('1,000,000 subscriptions')) / p50(of('1,000 subscriptions')),
    atMost: 1.5,
  },
  {
    what: 'MiB of memory of a worker at 1,000,000 subscriptions, beyond the floor’s',
    scenario: 'S11m',
    load: 'full',
    figure: (of) => (of('worker, 1,000,000 subscriptions').residentBytes - of('floor').residentBytes) / MIB,
    atMost: 64,
  },
  {
    what: 'p50 added by the check through Envoy ÷ added by the floor',
    scenario: 'S12',
    load: 'rate',
    figure: (of) => {
      const added = (contestant: string) => p50(of(contestant)) - p50(of('without a filter'));
      return added('gatehouse') / added('floor');
    },
    atMost: 1.25,
  },
];
