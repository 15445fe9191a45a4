// `npm run bench -- --soak`: ten minutes at half load, one token in ten a new one, and whether memory or open files grow meanwhile.
// It prints slopes and judges nothing.

import { readdirSync } from 'node:fs';
import { residentBytesOf } from './accounting.ts';
import type { Call } from './call.ts';
import { type Installation, orderCall, startInstallation } from './installation.ts';
import { type Cores, Lab } from './lab.ts';
import { type LoadPrograms, measure } from './measurement.ts';
import type { Contestant } from './scenario.ts';
import { slopeOf } from './statistics.ts';

const MINUTES = 10;
const SAMPLE_SECONDS = 10;
const SAMPLES = (MINUTES * 60) / SAMPLE_SECONDS;
const NEW_EVERY = 10;
const WARM_UP_CHECKS = 20_000;
const PER_HOUR = 3600 / SAMPLE_SECONDS;

/** What is looked at after each stretch. */
interface Sample {
  /** Bytes on the heap after a full collection. */
  readonly live: number;
  readonly residentBytes: number;
  readonly openFiles: number;
}

/** Runs it and prints what grew. */
export async function soak(cores: Cores, programs: LoadPrograms): Promise<void> {
  const lab = new Lab(cores);
  try {
    const installation = await startInstallation(lab);
    const { gatehouse } = installation;
    const contestant = contestantOf(installation);
    const { checks, seconds } = await measure(contestant, { count: WARM_UP_CHECKS }, programs);
    const perSecond = Math.floor(checks / seconds / 2);
    const amount = { count: perSecond * SAMPLE_SECONDS, perSecond };
    console.log(`soak: ${MINUTES} minutes at ${perSecond} checks a second`);
    const samples: Sample[] = [];
    for (let at = 0; at < SAMPLES; at++) {
      const { live } = await gatehouse.allocation(() => measure(contestant, amount, programs));
      const openFiles = readdirSync(`/proc/${gatehouse.pid}/fd`).length;
      samples.push({ live, residentBytes: residentBytesOf(gatehouse.pid), openFiles });
    }
    // In the first half the cache of tokens fills up to its bound.
    const second = samples.slice(SAMPLES / 2);
    const perHour = (of: (sample: Sample) => number) => (slopeOf(second.map(of)) * PER_HOUR).toFixed(1);
    console.table({
      'heap MiB an hour': perHour(({ live }) => live / 2 ** 20),
      'RSS MiB an hour': perHour(({ residentBytes }) => residentBytes / 2 ** 20),
      'open files an hour': perHour(({ openFiles }) => openFiles),
    });
  } finally {
    await lab.close();
  }
}

function contestantOf({ gatehouse, token }: Installation): Contestant {
  const known = orderCall(token());
  const calls = (count: number): readonly Call[] =>
    Array.from({ length: count }, (_, at) => (at % NEW_EVERY === 0 ? orderCall(token()) : known));
  return { ...gatehouse, name: 'gatehouse', calls };
}
