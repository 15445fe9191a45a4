// `npm run bench`: measures everything unattended, keeps what was measured and draws docs/performance.md from it. With `-- --quick`
// it takes less than a minute, prints the ratio to the floor and keeps nothing. Speed never decides its exit code.

import { parseArgs } from 'node:util';
import { findEnvoy } from '../../scripts/envoy-tool.ts';
import { findH2load } from '../../scripts/h2load-tool.ts';
import { findRedis } from '../../scripts/redis-tool.ts';
import { buildPrograms } from './built-programs.ts';
import { printScenario, printSoak } from './console-report.ts';
import { findCores, pin } from './lab.ts';
import { drawPage } from './page/draw-page.ts';
import { FULL_RULE } from './rounds.ts';
import { describeRun, type RunRecord, saveRun } from './run-record.ts';
import type { Effort } from './run-scenario.ts';
import { allScenarios } from './scenarios.ts';
import { FULL_SOAK, type SoakEffort, type SoakRecord } from './soak.ts';
import { type RunOptions, runScenario, runSoak } from './whole-run.ts';

const FULL: Effort = { rule: FULL_RULE, seconds: 2, distinctCalls: 10_000, warmUpChecks: 20_000, latency: true };
const QUICK: Effort = {
  rule: { keep: 3, atMost: 4 },
  seconds: 1,
  distinctCalls: 2_000,
  warmUpChecks: 5_000,
  latency: false,
};
const TRY: Effort = {
  rule: { keep: 1, atMost: 1, evenDisturbed: true },
  seconds: 0.5,
  distinctCalls: 500,
  warmUpChecks: 500,
  latency: true,
};
const TRY_SOAK: SoakEffort = { samples: 2, sampleSeconds: 1 };
const MOST_SUBSCRIPTIONS = 5_000_000;
const TRY_SUBSCRIPTIONS = 100_000;
/** The ratio that is told at the end of CI. */
const QUICK_SCENARIOS = ['S1', 'S3'];
/** What `--only` calls the soak. */
const SOAK = 'soak';
const HELP = `npm run bench [-- options]
  --quick          less than a minute: ${QUICK_SCENARIOS.join(' and ')}, printed and not kept
  --only S1,${SOAK}   these scenarios, printed and not kept
  --try            one short round of each, on however busy a machine, printed and not kept: that everything works`;

process.exitCode = await main();

async function main(): Promise<number> {
  const { values } = parseArgs({
    options: {
      quick: { type: 'boolean', default: false },
      only: { type: 'string' },
      try: { type: 'boolean', default: false },
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
  const all = allScenarios(values.try ? TRY_SUBSCRIPTIONS : MOST_SUBSCRIPTIONS);
  const ids = [...all.map(({ id }) => id), SOAK];
  const wanted = values.only?.split(',') ?? (values.quick ? QUICK_SCENARIOS : ids);
  const unknown = wanted.filter((id) => !ids.includes(id));
  if (unknown.length > 0) {
    console.error(`No scenario ${unknown.join(', ')}; there are ${ids.join(', ')}.`);
    return 1;
  }
  await buildPrograms();
  const { h2load, versions } = await findTools(values.quick);
  await pin(process.pid, cores.load);
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stop.abort());
  const options: RunOptions = { cores, h2load, stopped: stop.signal };
  const effort = values.try ? TRY : values.quick ? QUICK : FULL;
  const isKept = !values.try && wanted.length === ids.length;
  let run: RunRecord = { ...describeRun(new Date(), versions), rule: effort.rule, wanted, scenarios: [] };
  // After each one: a run that is cut short leaves what there is.
  const keep = () => {
    if (!isKept) return;
    const file = saveRun(run);
    drawPage();
    console.log(`  kept in ${file}`);
  };
  for (const scenario of all.filter(({ id }) => wanted.includes(id))) {
    if (stop.signal.aborted) break;
    const startMs = performance.now();
    const record = await runScenario(scenario, effort, options);
    if (stop.signal.aborted) break;
    printScenario(record, effort.rule, performance.now() - startMs);
    run = { ...run, scenarios: [...run.scenarios, record] };
    keep();
  }
  if (wanted.includes(SOAK) && !stop.signal.aborted) {
    const told = await runSoak(values.try ? TRY_SOAK : FULL_SOAK, options, soakDots);
    printSoak(told);
    run = { ...run, soak: told };
    keep();
  }
  if (isKept) console.log('\ndocs/performance.md is drawn from this run.');
  const failed = [...run.scenarios, ...(run.soak ? [run.soak] : [])].some(({ failure }) => failure !== undefined);
  return failed || stop.signal.aborted ? 1 : 0;
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

function soakDots({ measured, samples, perSecond }: SoakRecord): void {
  if (measured.length === 1) console.log(`\n${SOAK}: ${perSecond} checks a second`);
  process.stdout.write(measured.length === samples ? '.\n' : '.');
}
