// Gatehouse beside what people use today, as a table and as a plot: shares of a floor, ours of this run, the others' from elsewhere.

import type { RunRecord } from '../run-record.ts';
import { drawDots } from './dot-plot.ts';
import { BARE, goalOf, OTHERS, QUESTIONS } from './elsewhere.ts';
import { NOT_MEASURED, spreadText, table } from './markdown-table.ts';
import { contestantOf } from './run-figures.ts';

/** As a table. */
export function comparisonTable(run: RunRecord): string {
  const own = QUESTIONS.map(({ scenario, contestant }) => {
    const ratio = contestantOf(run, scenario, contestant)?.ratio;
    return ratio === undefined ? NOT_MEASURED : `**${spreadText(ratio, 2)}**`;
  });
  const goals = QUESTIONS.map(({ scenario, contestant }) => goalOf(scenario, contestant)?.toFixed(2) ?? '');
  const others = Object.entries(OTHERS).map(([name, shares]) => [name, ...shares.map((share) => share.toFixed(2))]);
  const bare = Object.entries(BARE).map(([name, share]) => [name, share.toFixed(1), '', '', '']);
  const columns = ['share of the floor', ...QUESTIONS.map(({ name }) => name)];
  return table(columns, [['Gatehouse, this run', ...own], ['Gatehouse, goal', ...goals], ...others, ...bare]);
}

/** As a plot. */
export function comparisonPlot(run: RunRecord): string {
  const groups = QUESTIONS.map(({ name, scenario, contestant }, at) => {
    const ratio = contestantOf(run, scenario, contestant)?.ratio;
    const own =
      ratio === undefined
        ? []
        : [
            {
              ...{ label: 'Gatehouse', dots: [ratio.median], from: ratio.min, to: ratio.max },
              goal: goalOf(scenario, contestant),
            },
          ];
    const others = Object.entries(OTHERS).map(([label, shares]) => {
      const share = shares[at] ?? Number.NaN;
      return { label, dots: [share], from: 0, to: share, foreign: true };
    });
    return { heading: name, rows: [...own, ...others] };
  });
  return drawDots({
    title: 'How near to the floor: floor ÷ server, cost of one check',
    legend:
      'blue: this run, median with min–max; red: its goal; grey: others, measured elsewhere; 1 is as cheap as the floor',
    ...{ scale: 'linear', marks: [0, 0.25, 0.5, 0.75, 1], groups },
  });
}
