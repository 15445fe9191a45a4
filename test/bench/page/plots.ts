// Plots of a run: every scenario's share of the floor, how flat the cost stays, and latency.

import type { RunRecord } from '../run-record.ts';
import type { RateRecord } from '../run-scenario.ts';
import { type ContestantSummary, summaryOf } from '../summary.ts';
import { type DotRow, drawDots } from './dot-plot.ts';
import { goalOf } from './elsewhere.ts';
import { contestantsOf, scenarioOf } from './run-figures.ts';

/** Whose cost must not grow with what its contestants differ in. */
const FLAT = ['S4', 'S11'] as const;
/** Lines of the plot of costs lie at multiples of this. */
const MARK_MICROS = 10;
/** Scenarios whose latency says most; the tables have all. */
const LATENCY = ['S1', 'S3', 'S12'] as const;

/** CPU per check as a share of the floor, all scenarios. */
export function ratioPlot(run: RunRecord): string {
  const groups = inOrder(run).map(({ id, title }) => ({
    heading: `${id} ${title}`,
    rows: besideFloor(contestantsOf(run, id)).map(({ name, ratio }) => {
      return { label: name, dots: [ratio.median], from: ratio.min, to: ratio.max, goal: goalOf(id, name) };
    }),
  }));
  return drawDots({
    title: 'CPU per check, floor ÷ Gatehouse',
    legend: 'median with min–max; red: the goal, where there is one; 1 is as cheap as the floor',
    ...{ scale: 'linear', marks: [0, 0.25, 0.5, 0.75, 1], groups },
  });
}

/** CPU per check by the size of the catalog. */
export function flatPlot(run: RunRecord): string {
  const groups = FLAT.map((id) => ({
    heading: scenarioOf(run, id)?.title ?? id,
    rows: contestantsOf(run, id).map(({ name, cpuMicros }, at): DotRow => {
      return { label: name, dots: [cpuMicros.median], from: cpuMicros.min, to: cpuMicros.max, foreign: at === 0 };
    }),
  }));
  const most = Math.max(...groups.flatMap(({ rows }) => rows.flatMap(({ to }) => to)), 1);
  const step = Math.ceil(most / 5 / MARK_MICROS) * MARK_MICROS;
  const marks = Array.from({ length: Math.ceil(most / step) + 1 }, (_, at) => at * step);
  return drawDots({
    title: 'What a check costs as the catalog grows, CPU-µs',
    legend: 'median with min–max; grey: the floor, which has no catalog',
    ...{ scale: 'linear', marks, groups },
  });
}

/** Latency at fixed rates. */
export function latencyPlot(run: RunRecord): string {
  const groups = LATENCY.flatMap((id) => {
    const { rates = [], title = '' } = scenarioOf(run, id) ?? {};
    return rates.map((rate) => ({
      heading: `${id} ${title}, ${rate.perSecond.toLocaleString('en')} a second`,
      rows: latencyRows(rate, run.rule.keep),
    }));
  });
  return drawDots({
    title: 'Latency in ms',
    legend: 'p50, p99 and p99.9, medians over rounds; the figure is p50',
    ...{ scale: 'logarithmic', marks: [0.1, 1, 10, 100], groups },
  });
}

/** By their names, S2 before S11. */
export function inOrder({ scenarios }: RunRecord): RunRecord['scenarios'] {
  return scenarios.toSorted((a, b) => a.id.localeCompare(b.id, 'en', { numeric: true }));
}

/** None where the first is another server. */
function besideFloor([first, ...others]: readonly ContestantSummary[]): readonly ContestantSummary[] {
  return first?.name === 'floor' ? others : [];
}

function latencyRows({ rounds }: RateRecord, keep: number): readonly DotRow[] {
  return (summaryOf(rounds, keep) ?? []).flatMap(({ name, latency }) => {
    if (latency === undefined) return [];
    const dots = [latency.p50.median, latency.p99.median, latency.p999.median];
    return [{ label: name, dots, from: Math.min(...dots), to: Math.max(...dots), foreign: name === 'floor' }];
  });
}
