// What the page says of one scenario, and of the soak: what was sent, and a table for each load.

import type { Rounds } from '../rounds.ts';
import type { RateRecord, ScenarioRecord } from '../run-scenario.ts';
import type { SoakRecord } from '../soak.ts';
import { soakSlopes } from '../soak-slopes.ts';
import { summaryOf } from '../summary.ts';
import { mib, NOT_MEASURED, spreadText, table } from './markdown-table.ts';

/** A scenario. */
export function scenarioSection(
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

/** The soak. */
export function soakSection(soak: SoakRecord | undefined): string {
  if (soak === undefined) return NOT_MEASURED;
  const { measured, perSecond, sampleSeconds, samples, failure } = soak;
  const minutes = (samples * sampleSeconds) / 60;
  const what = `${Number(minutes.toPrecision(2))} minutes at ${perSecond.toLocaleString('en')} checks a second, half of what it can do, every tenth with a token that was never seen; looked at every ${sampleSeconds} seconds, heap after a full collection.`;
  const slopes = soakSlopes(soak);
  const [first, last] = [measured[0], measured.at(-1)];
  if (slopes === undefined || first === undefined || last === undefined)
    return `${what}\n\n${NOT_MEASURED}${failure === undefined ? '' : `: ${failure}`}`;
  const hourly = (figure: number, digits: number) => figure.toFixed(digits);
  return [
    what,
    table(
      ['', 'first', 'last', 'an hour, by the second half'],
      [
        ['heap MiB', mib(first.liveBytes), mib(last.liveBytes), hourly(slopes.heapBytesPerHour / 2 ** 20, 1)],
        [
          'RSS MiB',
          mib(first.residentBytes),
          mib(last.residentBytes),
          hourly(slopes.residentBytesPerHour / 2 ** 20, 1),
        ],
        ['open files', `${first.openFiles}`, `${last.openFiles}`, hourly(slopes.openFilesPerHour, 1)],
      ],
    ),
  ].join('\n\n');
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
  const load = `${perSecond.toLocaleString('en')} a second${share === undefined ? '' : `, ${share * 100} % of the slowest`}`;
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
  const all = kept.flat();
  const most = (of: (measurement: (typeof all)[number]) => number) =>
    `${(Math.max(0, ...all.map(of)) * 100).toFixed(0)} %`;
  const stolen = most(({ stealShare }) => stealShare);
  const client = most(({ clientShare }) => clientShare);
  const why = thrownAway.length === 0 ? '' : ` (the last: ${thrownAway.at(-1)})`;
  return `${kept.length} rounds kept, ${thrownAway.length} thrown away${why}; in a kept one at most ${stolen} of the machine was stolen and the client used at most ${client} of its core.`;
}
