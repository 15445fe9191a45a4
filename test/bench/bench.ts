// `npm run bench`: measures every scenario unattended, keeps what was measured and draws docs/performance.md from it. With
// `-- --quick` it takes less than a minute, prints the ratio to the floor and keeps nothing. Speed never decides its exit code.

import { parseArgs } from 'node:util';
import { findEnvoy } from '../../scripts/envoy-tool.ts';
import { findH2load } from '../../scripts/h2load-tool.ts';
import { findRedis } from '../../scripts/redis-tool.ts';
import { buildPrograms } from './built-programs.ts';
import { findCores, pin } from './lab.ts';
import { startLoadProcess } from './load-process.ts';
import { drawPage } from './page/draw-page.ts';
import { FULL_RULE } from './rounds.ts';
import { describeRun, type RunRecord, saveRun } from './run-record.ts';
import { type Effort, runScenario, type ScenarioRecord } from './run-scenario.ts';
import { allScenarios } from './scenarios.ts';
import { soak } from './soak.ts';
import { type ContestantSummary, summaryOf } from './summary.ts';

const FULL: Effort = { rule: FULL_RULE, seconds: 3, distinctCalls: 10_000, warmUpChecks: 20_000, latency: true };
const QUICK: Effort = {
  rule: { keep: 3, atMost: 4 },
  seconds: 1,
  distinctCalls: 2_000,
  warmUpChecks: 5_000,
  latency: false,
};
/** The ratio that is told at the end of CI. */
const QUICK_SCENARIOS = ['S1', 'S3'];
const HELP = `npm run bench [-- options]
  --quick          less than a minute: ${QUICK_SCENARIOS.join(' and ')}, printed and not kept
  --only S1,S4     these scenarios, printed and not kept
  --soak           instead: ten minutes at half load, and what grows meanwhile
  --five-million   S11 with five million subscriptions too; takes minutes to fill`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      soak: { type: 'boolean', default: false },
      'five-million': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const cores = await findCores();
  if ('missing' in cores) {
    console.log(`Not measured: ${cores.missing}`);
    return values.quick ? 0 : 1;
  }
  const all = allScenarios(values['five-million']);
  const defaultChoice = values.soak ? [] : values.quick ? QUICK_SCENARIOS : all.map(({ id }) => id);
  const wanted = values.only?.split(',') ?? defaultChoice;
  const unknown = wanted.filter((id) => !all.some((scenario) => scenario.id === id));
  if (unknown.length > 0) {
    console.error(`No scenario ${unknown.join(', ')}; there are ${all.map(({ id }) => id).join(', ')}.`);
    return 1;
  }
  const isWhole = wanted.length === all.length;
  const scenarios = all.filter(({ id }) => wanted.includes(id));
  const effort = values.quick ? QUICK : FULL;
  await buildPrograms();
  const { h2load, versions } = await findTools(values.quick);
  await pin(process.pid, cores.load);
  const client = startLoadProcess();
  const programs = { client, h2load };
  const head = describeRun(new Date(), versions);
  const done: ScenarioRecord[] = [];
  let file: string | undefined;
  try {
    if (values.soak) await soak(cores, programs);
    for (const scenario of scenarios) {
      const record = await runScenario(scenario, cores, programs, effort);
      print(record, effort);
      done.push(record);
      const run: RunRecord = { ...head, rule: effort.rule, scenarios: done };
      // After each one: a run that is cut short leaves what there is.
      if (isWhole) file = saveRun(run);
    }
  } finally {
    await client.stop();
  }
  if (file !== undefined) {
    drawPage();
    console.log(`\nKept in ${file}; docs/performance.md is drawn from it.`);
  }
  return done.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

/** Installs what is missing where that is possible. A quick run needs h2load only, and does without it too. */
async function findTools(quick: boolean) {
  const tools = { h2load: await findH2load(), ...(!quick && { envoy: await findEnvoy(), redis: await findRedis() }) };
  const found = Object.entries(tools).flatMap(([name, tool]) => {
    if (tool.kind === 'found') return [[name, tool.version] as const];
    console.log(tool.advice);
    return [];
  });
  const h2load = tools.h2load.kind === 'found' ? tools.h2load.bin : undefined;
  return { h2load, versions: Object.fromEntries(found) };
}

function print({ id, title, fullLoad, rates, allocatedBytes = {}, failure }: ScenarioRecord, { rule }: Effort): void {
  console.log(`\n${id} ${title}`);
  if (failure !== undefined) console.error(`✗ ${failure}`);
  for (const { perSecond, rounds } of [...(fullLoad ? [{ perSecond: undefined, rounds: fullLoad }] : []), ...rates]) {
    const { kept, thrownAway } = rounds;
    const load = perSecond === undefined ? 'full load' : `${perSecond} a second`;
    console.log(`  ${load}: ${kept.length} rounds kept, ${thrownAway.length} thrown away`);
    const summary = summaryOf(rounds, rule.keep);
    if (summary === undefined) console.log(`  not measured; the last one: ${thrownAway.at(-1)}`);
    else console.table(Object.fromEntries(summary.map((of) => [of.name, rowOf(of, allocatedBytes[of.name])])));
  }
}

function rowOf(
  { checksPerSecond, cpuMicros, ratio, residentBytes, latency }: ContestantSummary,
  allocatedBytes: number | undefined,
) {
  const ms = (figure: number) => figure.toFixed(2);
  return {
    'checks/s': Math.round(checksPerSecond.median),
    // A start is not a check.
    ...(cpuMicros.max > 0 && {
      'CPU µs': Number(cpuMicros.median.toFixed(1)),
      'first ÷ this': `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    }),
    'heap KiB/check': allocatedBytes === undefined ? '' : Number((allocatedBytes / 1024).toFixed(1)),
    'RSS MiB': Math.round(residentBytes / 2 ** 20),
    ...(latency && {
      'p50 ms': ms(latency.p50.median),
      'p99 ms': ms(latency.p99.median),
      'p99.9 ms': ms(latency.p999.median),
    }),
  };
}
