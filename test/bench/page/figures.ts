// The figures of a run as they stand on the page: tables in Markdown, and plots. All of it is worked out from what was measured.

import type { Measurement } from '../measurement.ts';
import type { Rounds } from '../rounds.ts';
import type { RunRecord } from '../run-record.ts';
import type { RateRecord, ScenarioRecord } from '../run-scenario.ts';
import { type Spread, spreadOf } from '../statistics.ts';
import { type ContestantSummary, summaryOf } from '../summary.ts';
import { drawDots } from './dot-plot.ts';
import { GOALS, type Goal } from './goals.ts';

/** What the page shows of a run. */
export interface Figures {
  readonly markdown: string;
  /** SVG by file name. */
  readonly plots: Readonly<Record<string, string>>;
}

const NOT_MEASURED = 'not measured';
const RATIO_PLOT = 'ratio.svg';
const LATENCY_PLOT = 'latency.svg';
/** Of a core; the rest is for peaks. */
const PLANNED_SHARE = 0.6;
const PLANNED_CHECKS = [1_000, 5_000, 20_000, 100_000];

/** Tables and plots. */
export function figuresOf(run: RunRecord): Figures {
  const { machine, versions, rule, scenarios } = run;
  const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const sections = [
    `Measured on ${run.startedAt.slice(0, 10)} at revision \`${run.revision}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}; ${tools.join(', ')}.`,
    `![CPU per check as a share of the floor](performance/${RATIO_PLOT})`,
    ...['## Goals', goalTable(run)],
    ...['## Scenarios', ...scenarios.map((scenario) => scenarioSection(scenario, rule.keep))],
    ...[`![Latency](performance/${LATENCY_PLOT})`],
    ...['## Sizing', sizing(run)],
  ];
  return {
    markdown: sections.join('\n\n'),
    plots: { [RATIO_PLOT]: ratioPlot(run), [LATENCY_PLOT]: latencyPlot(run) },
  };
}

function goalTable({ scenarios, rule }: RunRecord): string {
  const rows = GOALS.map((goal) => {
    const bound = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
    const spread = spreadOfGoal(goal, roundsOf(scenarios, goal), rule.keep);
    if (spread === undefined) return [goal.what, goal.scenario, bound, NOT_MEASURED, ''];
    const met = spread.median >= (goal.atLeast ?? -Infinity) && spread.median <= (goal.atMost ?? Infinity);
    return [goal.what, goal.scenario, bound, spreadText(spread, 2), met ? 'met' : '**missed**'];
  });
  return table(['what', 'scenario', 'goal', 'median (min–max)', ''], rows);
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

function roundsOf(scenarios: readonly ScenarioRecord[], { scenario, load }: Goal): Rounds | undefined {
  const record = scenarios.find(({ id }) => id === scenario);
  return load === 'full' ? record?.fullLoad : record && middleRate(record)?.rounds;
}

function middleRate({ rates }: ScenarioRecord): RateRecord | undefined {
  return rates[Math.floor(rates.length / 2)];
}

function scenarioSection(
  { id, title, what, fullLoad, rates, allocatedBytes = {}, failure }: ScenarioRecord,
  keep: number,
): string {
  const head = `### ${id}: ${title}\n\n${what[0]?.toUpperCase()}${what.slice(1)}.`;
  if (failure !== undefined) return `${head}\n\n${NOT_MEASURED}: ${failure}`;
  const parts = [head];
  if (fullLoad !== undefined) parts.push(fullLoadTable(fullLoad, keep, allocatedBytes));
  parts.push(...rates.map((rate) => rateTable(rate, keep)));
  return parts.join('\n\n');
}

function fullLoadTable(rounds: Rounds, keep: number, allocatedBytes: Readonly<Record<string, number>>): string {
  const kib = (bytes: number | undefined) => (bytes === undefined ? '–' : (bytes / 1024).toFixed(1));
  const rows = summaryOf(rounds, keep)?.map(({ name, checksPerSecond, cpuMicros, ratio, residentBytes }) => [
    ...[name, spreadText(checksPerSecond, 0), spreadText(cpuMicros, 1), spreadText(ratio, 2)],
    ...[kib(allocatedBytes[name]), mib(residentBytes)],
  ]);
  const columns = ['full load', 'checks/s', 'CPU-µs per check', 'first row ÷ this', 'heap KiB per check', 'RSS MiB'];
  return `${rows === undefined ? NOT_MEASURED : table(columns, rows)}\n\n${roundsText(rounds)}`;
}

function rateTable({ perSecond, share, rounds }: RateRecord, keep: number): string {
  const load = `${perSecond} a second${share === undefined ? '' : `, ${share * 100} % of the slowest`}`;
  const summary = summaryOf(rounds, keep);
  if (summary === undefined) return `${load}: ${NOT_MEASURED}. ${roundsText(rounds)}`;
  const rows = summary.map(({ name, latency, cpuMicros }) => [
    name,
    ...(latency === undefined ? [] : [latency.p50, latency.p99, latency.p999].map((spread) => spreadText(spread, 2))),
    // A start is not a check.
    cpuMicros.max === 0 ? '–' : spreadText(cpuMicros, 1),
  ]);
  return `${table([load, 'p50 ms', 'p99 ms', 'p99.9 ms', 'CPU-µs per check'], rows)}\n\n${roundsText(rounds)}`;
}

function roundsText({ kept, thrownAway }: Rounds): string {
  const steal = Math.max(0, ...kept.flat().map(({ stealShare }) => stealShare));
  return `${kept.length} rounds kept, ${thrownAway.length} thrown away; at most ${(steal * 100).toFixed(1)} % of the machine stolen in a kept one.`;
}

function sizing({ scenarios, rule }: RunRecord): string {
  const summaryFor = (id: string) => {
    const record = scenarios.find((scenario) => scenario.id === id);
    return record?.fullLoad && summaryOf(record.fullLoad, rule.keep);
  };
  const cpuOf = (id: string, name: string) =>
    summaryFor(id)?.find((summary) => summary.name === name)?.cpuMicros.median;
  const coresFor = (perSecond: number, micros: number | undefined) =>
    micros === undefined ? NOT_MEASURED : ((perSecond * micros) / 1_000_000 / PLANNED_SHARE).toFixed(1);
  const warm = cpuOf('S1', 'gatehouse');
  const first = cpuOf('S3', 'first sight');
  const cores = PLANNED_CHECKS.map((perSecond) => [
    ...[perSecond.toLocaleString('en'), coresFor(perSecond, warm), coresFor(perSecond, first)],
  ]);
  const memory = (summaryFor('S11') ?? []).slice(1).map(({ name, residentBytes }) => [name, mib(residentBytes)]);
  return [
    `Cores of this kind at ${PLANNED_SHARE * 100} % each, from the CPU time per check above:`,
    table(['checks/s', 'cores, known tokens', 'cores, each token new'], cores),
    'Memory of one process under load, tokens’ cache included:',
    memory.length === 0 ? NOT_MEASURED : table(['catalog', 'RSS MiB'], memory),
  ].join('\n\n');
}

function ratioPlot({ scenarios, rule }: RunRecord): string {
  const rows = scenarios.flatMap(({ id, fullLoad }) =>
    ((fullLoad && summaryOf(fullLoad, rule.keep)) ?? []).slice(1).map(({ name, ratio }) => {
      return { label: `${id} ${name}`, dots: [ratio.median], from: ratio.min, to: ratio.max };
    }),
  );
  const title = 'CPU per check, floor ÷ Gatehouse (median, min–max; 1 is as cheap as the floor)';
  return drawDots({ title, scale: 'linear', marks: [0, 0.25, 0.5, 0.75, 1], rows });
}

function latencyPlot({ scenarios, rule }: RunRecord): string {
  const rows = scenarios.flatMap(({ id, rates }) =>
    rates.flatMap(({ perSecond, rounds }) =>
      (summaryOf(rounds, rule.keep) ?? []).flatMap((summary) =>
        latencyRow(`${id} ${summary.name}, ${perSecond}/s`, summary),
      ),
    ),
  );
  const title = 'Latency in ms: p50, p99, p99.9 (medians over rounds)';
  return drawDots({ title, scale: 'logarithmic', marks: [0.1, 1, 10, 100], rows });
}

function latencyRow(label: string, { latency }: ContestantSummary) {
  if (latency === undefined) return [];
  const dots = [latency.p50.median, latency.p99.median, latency.p999.median];
  return [{ label, dots, from: Math.min(...dots), to: Math.max(...dots) }];
}

function spreadText({ min, median, max }: Spread, digits: number): string {
  const text = (figure: number) => figure.toFixed(digits);
  return `${text(median)} (${text(min)}–${text(max)})`;
}

function mib(bytes: number): string {
  return String(Math.round(bytes / 2 ** 20));
}

function table(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(columns), line(columns.map((_, at) => (at === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
