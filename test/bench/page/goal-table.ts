// The goals beside what was measured, and those that were missed in words. A soak has no goal: what grew is told.

import type { Measurement } from '../measurement.ts';
import type { Rounds } from '../rounds.ts';
import type { RunRecord } from '../run-record.ts';
import { soakSlopes } from '../soak-slopes.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { GOALS, type Goal } from './goals.ts';
import { NOT_MEASURED, spreadText, table } from './markdown-table.ts';
import { roundsOf } from './run-figures.ts';

interface Judged {
  readonly goal: Goal;
  /** Undefined: not measured. */
  readonly spread: Spread | undefined;
  readonly verdict: 'missed' | 'met' | 'beyond' | undefined;
}

/** All goals, met or missed by the median. */
export function goalTable(run: RunRecord): string {
  const rows = judge(run).map(({ goal, spread, verdict }) => [
    ...[goal.what, goal.scenario, bound(goal), goal.stretch === undefined ? '' : `≥ ${goal.stretch}`],
    spread === undefined ? NOT_MEASURED : spreadText(spread, 2),
    verdict === undefined ? '' : { missed: '**missed**', met: 'met', beyond: 'met, and the stretch' }[verdict],
  ]);
  return table(['what', 'scenario', 'goal', 'stretch', 'median (min–max)', ''], [...rows, soakRow(run)]);
}

/** One line for each goal that was missed, and for each without figures. */
export function shortfalls(run: RunRecord): string {
  const all = judge(run);
  const missed = all.flatMap(({ goal, spread, verdict }) =>
    verdict === 'missed' && spread !== undefined
      ? [`- ${goal.what} (${goal.scenario}): ${spread.median.toFixed(2)}, where ${bound(goal)} is the goal.`]
      : [],
  );
  const open = all.filter(({ verdict }) => verdict === undefined).map(({ goal }) => goal.scenario);
  const unknown = [...new Set(open)].join(', ');
  return [
    `${all.filter(({ verdict }) => verdict === 'met' || verdict === 'beyond').length} of ${all.length} goals are met in this run.`,
    ...(missed.length === 0 ? [] : [`Missed:\n\n${missed.join('\n')}`]),
    ...(open.length === 0 ? [] : [`Without figures: ${open.length}, of ${unknown}.`]),
  ].join('\n\n');
}

function judge(run: RunRecord): readonly Judged[] {
  return GOALS.map((goal) => {
    const spread = spreadOfGoal(goal, roundsOf(run, goal.scenario, goal.load), run.rule.keep);
    if (spread === undefined || Number.isNaN(spread.median)) return { goal, spread: undefined, verdict: undefined };
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY, stretch } = goal;
    const isMet = spread.median >= atLeast && spread.median <= atMost;
    const isBeyond = isMet && stretch !== undefined && spread.median >= stretch;
    return { goal, spread, verdict: isBeyond ? 'beyond' : isMet ? 'met' : 'missed' };
  });
}

function bound({ atLeast, atMost }: Goal): string {
  if (atMost === 0) return 'none';
  return atLeast === undefined ? `≤ ${atMost}` : `≥ ${atLeast}`;
}

/** Undefined where too few rounds were kept, or a contestant that is only there when asked for was not. */
function spreadOfGoal({ figure }: Goal, rounds: Rounds | undefined, keep: number): Spread | undefined {
  if (rounds === undefined || rounds.kept.length < keep) return undefined;
  let isComplete = true;
  const figures = rounds.kept.map((round) =>
    figure((name) => {
      const found = round.find((measurement) => measurement.name === name);
      isComplete &&= found !== undefined;
      return found ?? (round[0] as Measurement);
    }),
  );
  return isComplete ? spreadOf(figures) : undefined;
}

function soakRow({ soak }: RunRecord): readonly string[] {
  const slopes = soak && soakSlopes(soak);
  const said =
    slopes === undefined
      ? NOT_MEASURED
      : `${(slopes.heapBytesPerHour / 2 ** 20).toFixed(1)} MiB of heap, ${slopes.openFilesPerHour.toFixed(1)} open files an hour`;
  return ['soak at half load: what grows', 'soak', '≈ 0', '', said, ''];
}
