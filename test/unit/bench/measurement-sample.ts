// A measurement that counts, for tests to spoil.

import type { Measurement } from '../../bench/measurement.ts';

/** A measurement of 1,000 checks at 100 µs each. */
export function measurementSample(more: Partial<Measurement> = {}): Measurement {
  return {
    name: 'gatehouse',
    checks: 1000,
    seconds: 1,
    cpuSeconds: 0.1,
    residentBytes: 2 ** 20,
    clientShare: 0.3,
    stealShare: 0,
    othersShare: 0,
    ...more,
  };
}
