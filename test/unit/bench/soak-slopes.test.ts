// What a soak's samples say of an hour: by the second half, in which caches are full.

import { expect, test } from 'vitest';
import { soakSlopes } from '../../bench/soak-slopes.ts';

const sample = (liveBytes: number) => ({ liveBytes, residentBytes: 2 * liveBytes, openFiles: 30 });

test('what grows in the first half does not count, what grows in the second does', () => {
  const soak = { samples: 6, sampleSeconds: 10, perSecond: 100 };
  const filled = { ...soak, measured: [1, 100, 200, 300, 300, 300].map(sample) };
  expect(soakSlopes(filled)).toEqual({ heapBytesPerHour: 0, residentBytesPerHour: 0, openFilesPerHour: 0 });
  const leaking = { ...soak, measured: [1, 1, 1, 10, 20, 30].map(sample) };
  expect(soakSlopes(leaking)).toMatchObject({ heapBytesPerHour: 3600, residentBytesPerHour: 7200 });
});

test('a soak that was cut short says nothing', () => {
  expect(soakSlopes({ samples: 3, sampleSeconds: 10, perSecond: 100, measured: [sample(1)] })).toBeUndefined();
});
