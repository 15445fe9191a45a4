// What a soak's samples mean: how much more there is with every hour. The first half is left out, in which caches fill.

import type { SoakRecord, SoakSample } from './soak.ts';
import { slopeOf } from './statistics.ts';

/** By the line that fits the second half of the samples best. */
export interface SoakSlopes {
  readonly heapBytesPerHour: number;
  readonly residentBytesPerHour: number;
  readonly openFilesPerHour: number;
}

/** Undefined where the soak was cut short. */
export function soakSlopes({ measured, samples, sampleSeconds }: SoakRecord): SoakSlopes | undefined {
  if (measured.length < samples) return undefined;
  const later = measured.slice(Math.floor(measured.length / 2));
  const perHour = (of: (sample: SoakSample) => number) =>
    later.length < 2 ? 0 : (slopeOf(later.map(of)) * 3600) / sampleSeconds;
  return {
    heapBytesPerHour: perHour(({ liveBytes }) => liveBytes),
    residentBytesPerHour: perHour(({ residentBytes }) => residentBytes),
    openFilesPerHour: perHour(({ openFiles }) => openFiles),
  };
}
