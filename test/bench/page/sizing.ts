// What a fleet needs, worked out from a run: cores for so many checks a second, memory for so many subscriptions.

import type { RunRecord } from '../run-record.ts';
import { mib, NOT_MEASURED, table } from './markdown-table.ts';
import { contestantOf, contestantsOf, scenarioOf } from './run-figures.ts';

/** Of a core; the rest is for peaks. */
const PLANNED_SHARE = 0.6;
const PLANNED_CHECKS = [500, 1_000, 5_000, 20_000, 100_000];
/** How many checks bring a token that was not seen before, where most clients keep theirs. */
const NEW_SHARE = 0.1;

/** Cores, then memory. */
export function sizing(run: RunRecord): string {
  const warm = contestantOf(run, 'S1', 'gatehouse')?.cpuMicros.median;
  const first = contestantOf(run, 'S3', 'first sight')?.cpuMicros.median;
  const mixed = warm && first && warm * (1 - NEW_SHARE) + first * NEW_SHARE;
  const coresFor = (perSecond: number, micros: number | undefined) =>
    micros === undefined ? NOT_MEASURED : ((perSecond * micros) / 1_000_000 / PLANNED_SHARE).toFixed(2);
  const cores = PLANNED_CHECKS.map((perSecond) => [
    perSecond.toLocaleString('en'),
    ...[warm, mixed, first].map((micros) => coresFor(perSecond, micros)),
  ]);
  const { catalogBytes = {} } = scenarioOf(run, 'S11') ?? {};
  const memory = contestantsOf(run, 'S11')
    .slice(1)
    .map(({ name, residentBytes }) => {
      const size = catalogBytes[name];
      return [name, mib(residentBytes), size === undefined ? NOT_MEASURED : mib(size)];
    });
  const [alone, several] = contestantsOf(run, 'S13');
  const processes =
    alone === undefined || several === undefined
      ? []
      : [
          `More workers are more processes: ${alone.name} takes ${mib(alone.residentBytes)} MiB in S13, ${several.name} ${mib(several.residentBytes)} MiB together with the primary. The catalog’s file is in the system’s cache once for all of them.`,
        ];
  const perCore = warm === undefined ? undefined : Math.floor((PLANNED_SHARE * 1_000_000) / warm);
  return [
    `Cores of this kind at ${PLANNED_SHARE * 100} % each, from the CPU time per check of S1 and S3${perCore === undefined ? '' : `: one core is good for about ${perCore.toLocaleString('en')} checks a second of known tokens`}. For your own: checks a second × CPU-µs per check ÷ 1,000,000 ÷ ${PLANNED_SHARE}.`,
    table(['checks/s', 'cores, known tokens', `cores, ${NEW_SHARE * 100} % new`, 'cores, each token new'], cores),
    'Memory of one process under load, its caches of 20,000 tokens included, and the catalog’s file, which should fit into the system’s file cache beside it:',
    memory.length === 0 ? NOT_MEASURED : table(['catalog', 'RSS MiB', 'file MiB'], memory),
    ...processes,
  ].join('\n\n');
}
