// The figures of a run as they stand on the page: tables in Markdown, and plots. All of it is worked out from what was measured.

import type { RunRecord } from '../run-record.ts';
import { comparisonPlot, comparisonTable } from './comparison.ts';
import { goalTable, shortfalls } from './goal-table.ts';
import { flatPlot, inOrder, latencyPlot, ratioPlot } from './plots.ts';
import { scenarioSection, soakSection } from './scenario-section.ts';
import { sizing } from './sizing.ts';

/** What the page shows of a run. */
export interface Figures {
  /** Markdown by the name of its place on the page. */
  readonly places: Readonly<Record<string, string>>;
  /** SVG by file name. */
  readonly plots: Readonly<Record<string, string>>;
}

/** Tables and plots. */
export function figuresOf(run: RunRecord): Figures {
  const { rule } = run;
  return {
    places: {
      run: runText(run),
      comparison: image('comparison', 'Share of the floor, beside others') + comparisonTable(run),
      goals: goalTable(run),
      shortfalls: shortfalls(run),
      flat: image('flat', 'CPU per check as the catalog grows').trimEnd(),
      sizing: sizing(run),
      ratios: image('ratio', 'CPU per check as a share of the floor').trimEnd(),
      scenarios: inOrder(run)
        .map((scenario) => scenarioSection(scenario, rule.keep))
        .join('\n\n'),
      latency: image('latency', 'Latency').trimEnd(),
      soak: soakSection(run.soak),
    },
    plots: {
      'comparison.svg': comparisonPlot(run),
      'flat.svg': flatPlot(run),
      'ratio.svg': ratioPlot(run),
      'latency.svg': latencyPlot(run),
    },
  };
}

function runText({ machine, versions, startedAt, revision, wanted, scenarios, soak }: RunRecord): string {
  const tools = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const done = scenarios.length + (soak === undefined ? 0 : 1);
  const cut = done < wanted.length ? ` The run was cut short: ${done} of ${wanted.length} parts are there.` : '';
  return `Measured on ${startedAt.slice(0, 10)} at revision \`${revision}\`: ${machine.cpu}, ${machine.cores} cores, ${machine.memoryGib} GiB, Linux ${machine.kernel}; ${tools.join(', ')}.${cut}`;
}

function image(name: string, title: string): string {
  return `![${title}](performance/${name}.svg)\n\n`;
}
