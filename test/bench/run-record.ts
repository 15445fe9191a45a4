// A run of the bench as it is kept: one JSON file in `results/`, with the machine and the versions that it tells about.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { RoundRule } from './rounds.ts';
import type { ScenarioRecord } from './run-scenario.ts';
import type { SoakRecord } from './soak.ts';

/** One run. */
export interface RunRecord {
  /** ISO 8601 in UTC. */
  readonly startedAt: string;
  /** Of the checkout; `+` when it had changes that are not in it. */
  readonly revision: string;
  readonly machine: {
    readonly cpu: string;
    readonly cores: number;
    readonly memoryGib: number;
    readonly kernel: string;
  };
  readonly versions: Readonly<Record<string, string>>;
  readonly rule: RoundRule;
  /** What was to be measured, in this order; a run that was cut short has less. */
  readonly wanted: readonly string[];
  readonly scenarios: readonly ScenarioRecord[];
  readonly soak?: SoakRecord;
}

/** Where runs are kept. */
export const RESULTS = fileURLToPath(new URL('./results', import.meta.url));
const TOP = fileURLToPath(new URL('../..', import.meta.url));

/** The head of a record, to which scenarios are added. */
export function describeRun(
  startedAt: Date,
  tools: Readonly<Record<string, string>>,
): Omit<RunRecord, 'rule' | 'wanted' | 'scenarios'> {
  const git = (...args: string[]) => spawnSync('git', args, { cwd: TOP, encoding: 'utf8' }).stdout?.trim() ?? '';
  const revision = git('rev-parse', '--short=12', 'HEAD') || 'unknown';
  const changes = git('status', '--porcelain', '--', '.', ':!test/bench/results', ':!docs') === '' ? '' : '+';
  const grpcJs = createRequire(import.meta.url)('@grpc/grpc-js/package.json') as { version: string };
  return {
    startedAt: startedAt.toISOString(),
    revision: `${revision}${changes}`,
    machine: {
      cpu: cpus()[0]?.model ?? 'unknown',
      cores: cpus().length,
      memoryGib: Math.round(totalmem() / 2 ** 30),
      kernel: release(),
    },
    versions: { node: process.versions.node, 'grpc-js': grpcJs.version, ...tools },
  };
}

/** Writes a run, over what was written of it before. */
export function saveRun(run: RunRecord): string {
  mkdirSync(RESULTS, { recursive: true });
  const file = join(RESULTS, `${run.startedAt.replace(/[:.]/g, '-')}.json`);
  writeFileSync(file, `${JSON.stringify(run, rounded, 1)}\n`);
  return file;
}

/** Six digits: more would be noise that makes files long. */
function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(6)) : value;
}

/** The latest run that is kept; undefined when there is none. */
export function latestRun(): RunRecord | undefined {
  const files = readdirSync(RESULTS).filter((name) => name.endsWith('.json'));
  const latest = files.sort().at(-1);
  return latest === undefined ? undefined : (JSON.parse(readFileSync(join(RESULTS, latest), 'utf8')) as RunRecord);
}
