// What rounds mean: the spread of each figure over the rounds that were kept, and the ratio to the first contestant within each
// round. The only place where figures for people are worked out; the console and the page show them.

import type { Latency, Measurement } from './measurement.ts';
import type { Rounds } from './rounds.ts';
import { type Spread, spreadOf } from './statistics.ts';

/** A contestant over all kept rounds. */
export interface ContestantSummary {
  readonly name: string;
  readonly checksPerSecond: Spread;
  /** CPU-microseconds per check. */
  readonly cpuMicros: Spread;
  /** CPU per check of the first contestant ÷ of this one: 1 is as cheap, 0.5 costs twice as much. */
  readonly ratio: Spread;
  /** The largest resident memory. */
  readonly residentBytes: number;
  /** The share of its core that the client was at work. */
  readonly clientShare: Spread;
  /** Of an open loop. */
  readonly latency?: Readonly<Record<keyof Latency, Spread>>;
}

/** One summary for each contestant; undefined when fewer rounds were kept than `keep`: "not measured". */
export function summaryOf({ kept }: Rounds, keep: number): readonly ContestantSummary[] | undefined {
  if (kept.length < keep) return undefined;
  const contestants = kept[0]?.length ?? 0;
  return Array.from({ length: contestants }, (_, at) => {
    const own = kept.map((round) => round[at] as Measurement);
    const first = kept.map((round) => round[0] as Measurement);
    const spread = (of: (measurement: Measurement, round: number) => number) => spreadOf(own.map(of));
    const latencySpread = (key: keyof Latency) => spread(({ latency }) => latency?.[key] ?? Number.NaN);
    return {
      name: own[0]?.name ?? '',
      checksPerSecond: spread(({ checks, seconds }) => checks / seconds),
      cpuMicros: spread(cpuMicrosOf),
      ratio: spread((measurement, round) => cpuMicrosOf(first[round] as Measurement) / cpuMicrosOf(measurement)),
      clientShare: spread(({ clientShare }) => clientShare),
      residentBytes: Math.max(...own.map(({ residentBytes }) => residentBytes)),
      ...(own[0]?.latency && {
        latency: { p50: latencySpread('p50'), p99: latencySpread('p99'), p999: latencySpread('p999') },
      }),
    };
  });
}

/** CPU-microseconds per check. */
export function cpuMicrosOf({ cpuSeconds, checks }: Measurement): number {
  return (cpuSeconds * 1_000_000) / checks;
}
