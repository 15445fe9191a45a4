// What is made of the rounds that were kept.

import { expect, test } from 'vitest';
import { summaryOf } from '../../bench/summary.ts';
import { measurementSample } from './measurement-sample.ts';

const round = (floorSeconds: number, gatehouseSeconds: number) => [
  measurementSample({ name: 'floor', cpuSeconds: floorSeconds }),
  measurementSample({ cpuSeconds: gatehouseSeconds }),
];

test('the ratio is taken within each round, before the median', () => {
  const kept = [round(0.1, 0.2), round(0.25, 1), round(0.5, 0.5)];
  const [floor, gatehouse] = summaryOf({ kept, thrownAway: [] }, 3) ?? [];
  expect(floor?.ratio).toEqual({ min: 1, median: 1, max: 1 });
  expect(gatehouse?.ratio).toEqual({ min: 0.25, median: 0.5, max: 1 });
  expect(gatehouse?.cpuMicros).toEqual({ min: 200, median: 500, max: 1000 });
});

test('too few rounds make no figures', () => {
  expect(summaryOf({ kept: [round(0.1, 0.2)], thrownAway: [] }, 2)).toBeUndefined();
});
