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
}

const cpuRatio = (dividend: string, divisor: string) => (of: Of) =>
  cpuMicrosOf(of(dividend)) / cpuMicrosOf(of(divisor));
const shareOfFloor = (contestant: string) => cpuRatio('floor', contestant);
const p50 = (measurement: Measurement) => measurement.latency?.p50 ?? Number.NaN;
const MIB = 2 ** 20;

const share = (what: string, scenario: string, contestant: string, atLeast: number): Goal => {
  return {
    what: `${what}: CPU per check, floor ÷ Gatehouse`,
    scenario,
    load: 'full',
    figure: shareOfFloor(contestant),
    atLeast,
  };
};

/** All goals. */
export const GOALS: readonly Goal[] = [
  share('hot RS256', 'S1', 'gatehouse', 0.7),
  share('hot ES256', 'S2', 'gatehouse', 0.7),
  share('second sight', 'S3', 'again', 0.7),
  share('first sight', 'S3', 'first sight', 0.45),
  share('50 key managers', 'S4', '50 key managers', 0.65),
  share('1,000 key managers', 'S4', '1000 key managers', 0.65),
  share('hot denial, bad signature', 'S7', 'bad signature', 0.65),
  share('hot denial, no subscription', 'S7', 'no subscription', 0.65),
  share('hot denial, missing scope', 'S7', 'missing scope', 0.65),
  {
    what: 'CPU per check, 1,000 key managers ÷ 1',
    scenario: 'S4',
    load: 'full',
    figure: cpuRatio('1000 key managers', '1 key manager'),
    atMost: 1.1,
  },
  {
    what: 'CPU per check, 1,000,000 subscriptions ÷ 1,000',
    scenario: 'S11',
    load: 'full',
    figure: cpuRatio('1,000,000 subscriptions', '1,000 subscriptions'),
    atMost: 1.25,
  },
  {
    what: 'CPU per check, 5,000,000 subscriptions ÷ 1,000',
    scenario: 'S11',
    load: 'full',
    figure: cpuRatio('5,000,000 subscriptions', '1,000 subscriptions'),
    atMost: 1.25,
  },
  {
    what: 'CPU per check at first sight, Redis away ÷ Redis there',
    scenario: 'S3r',
    load: 'full',
    figure: cpuRatio('Redis away', 'with Redis'),
    atMost: 1.05,
  },
  {
    what: 'first sight with Redis: CPU per check, floor ÷ Gatehouse',
    scenario: 'S3r',
    load: 'full',
    figure: shareOfFloor('with Redis'),
    atLeast: 0.45,
  },
  {
    what: 'from start to ready, 1,000,000 subscriptions ÷ 1,000',
    scenario: 'S11b',
    load: 'rate',
    figure: (of) => p50(of('1,000,000 subscriptions')) / p50(of('1,000 subscriptions')),
    atMost: 1.5,
  },
  {
    what: 'CPU per check, distinct forged tokens ÷ distinct valid ones',
    scenario: 'S7d',
    load: 'full',
    figure: cpuRatio('bad signature', 'valid'),
    atMost: 1,
  },
  {
    what: 'CPU per check, with admin writes ÷ without',
    scenario: 'S9',
    load: 'full',
    figure: cpuRatio('with writes', 'without writes'),
    atMost: 1.15,
  },
  {
    what: 'p50, with admin writes ÷ without',
    scenario: 'S9',
    load: 'rate',
    figure: (of) => p50(of('with writes')) / p50(of('without writes')),
    atMost: 1.15,
  },
  {
    what: 'MiB of memory at 1,000,000 subscriptions, beyond the floor’s',
    scenario: 'S11',
    load: 'full',
    figure: (of) => (of('1,000,000 subscriptions').residentBytes - of('floor').residentBytes) / MIB,
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
