// Ten minutes at half load, one token in ten a new one, and whether memory or open files grow meanwhile. It judges nothing.

import { readdirSync } from 'node:fs';
import { residentBytesOf } from './accounting.ts';
import type { Call } from './call.ts';
import { type Installation, orderCall, startInstallation } from './installation.ts';
import type { Lab } from './lab.ts';
import { type LoadPrograms, measure } from './measurement.ts';
import type { Contestant } from './scenario.ts';

/** How long. */
export interface SoakEffort {
  readonly samples: number;
  readonly sampleSeconds: number;
}

/** What is looked at after each stretch. */
export interface SoakSample {
  /** Bytes on the heap after a full collection. */
  readonly liveBytes: number;
  readonly residentBytes: number;
  readonly openFiles: number;
}

/** What came of it. */
export interface SoakRecord extends SoakEffort {
  readonly perSecond: number;
  readonly measured: readonly SoakSample[];
  /** Why there are no more. */
  readonly failure?: string;
}

/** Ten minutes. */
export const FULL_SOAK: SoakEffort = { samples: 60, sampleSeconds: 10 };

const NEW_EVERY = 10;
const WARM_UP_CHECKS = 20_000;

/** Runs it; each sample is told as it comes. */
export async function soak(
  lab: Lab,
  programs: LoadPrograms,
  { samples, sampleSeconds }: SoakEffort,
  onSample: (record: SoakRecord) => void,
): Promise<SoakRecord> {
  const installation = await startInstallation(lab);
  const { gatehouse } = installation;
  const contestant = contestantOf(installation);
  // Twice: the first time everything is compiled, the second time tells the speed.
  await measure(contestant, { count: WARM_UP_CHECKS }, programs);
  const { checks, seconds } = await measure(contestant, { count: WARM_UP_CHECKS }, programs);
  const perSecond = Math.floor(checks / seconds / 2);
  const amount = { count: perSecond * sampleSeconds, perSecond };
  let record: SoakRecord = { samples, sampleSeconds, perSecond, measured: [] };
  for (let at = 0; at < samples; at++) {
    const { live } = await gatehouse.allocation(() => measure(contestant, amount, programs));
    const openFiles = readdirSync(`/proc/${gatehouse.pid}/fd`).length;
    const sample = { liveBytes: live, residentBytes: residentBytesOf(gatehouse.pid), openFiles };
    record = { ...record, measured: [...record.measured, sample] };
    onSample(record);
  }
  return record;
}

function contestantOf({ gatehouse, token }: Installation): Contestant {
  const known = orderCall(token());
  const calls = (count: number): readonly Call[] =>
    Array.from({ length: count }, (_, at) => (at % NEW_EVERY === 0 ? orderCall(token()) : known));
  return { ...gatehouse, name: 'gatehouse', calls };
}
