// What the bench says on the console of each scenario as it ends. Figures are those of `summary.ts`, as on the page.

import type { RoundRule } from './rounds.ts';
import type { ScenarioRecord } from './run-scenario.ts';
import type { SoakRecord } from './soak.ts';
import { soakSlopes } from './soak-slopes.ts';
import { type ContestantSummary, summaryOf } from './summary.ts';

/** Prints a table for each load. */
export function printScenario(
  { id, title, fullLoad, rates, allocatedBytes = {}, failure }: ScenarioRecord,
  { keep }: RoundRule,
  tookMs: number,
): void {
  console.log(`\n${id} ${title} (${Math.round(tookMs / 1000)} s)`);
  if (failure !== undefined) console.error(`✗ ${failure}`);
  for (const { perSecond, rounds } of [...(fullLoad ? [{ perSecond: undefined, rounds: fullLoad }] : []), ...rates]) {
    const { kept, thrownAway } = rounds;
    const load = perSecond === undefined ? 'full load' : `${perSecond} a second`;
    console.log(`  ${load}: ${kept.length} rounds kept, ${thrownAway.length} thrown away`);
    const summary = summaryOf(rounds, keep);
    if (summary === undefined) console.log(`  not measured; the last one: ${thrownAway.at(-1)}`);
    else console.table(Object.fromEntries(summary.map((of) => [of.name, rowOf(of, allocatedBytes[of.name])])));
  }
}

/** Prints what grew. */
export function printSoak(record: SoakRecord): void {
  if (record.failure !== undefined) console.error(`✗ ${record.failure}`);
  const slopes = soakSlopes(record);
  if (slopes === undefined) return;
  const mib = (bytes: number) => `${(bytes / 2 ** 20).toFixed(2)} MiB`;
  console.log(`  heap ${mib(slopes.heapBytesPerHour)} an hour`);
  console.log(`  resident ${mib(slopes.residentBytesPerHour)} an hour`);
  console.log(`  open files ${slopes.openFilesPerHour.toFixed(2)} an hour`);
}

function rowOf(
  { checksPerSecond, cpuMicros, ratio, residentBytes, latency, clientShare }: ContestantSummary,
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
    'client %': Math.round(clientShare.median * 100),
    ...(latency && {
      'p50 ms': ms(latency.p50.median),
      'p99 ms': ms(latency.p99.median),
      'p99.9 ms': ms(latency.p999.median),
    }),
  };
}
