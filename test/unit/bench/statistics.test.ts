// The arithmetic of the bench: spreads and percentiles.

import { expect, test } from 'vitest';
import { percentile, slopeOf, spreadOf } from '../../bench/statistics.ts';

test('a spread is of the figures, in whatever order they come', () => {
  expect(spreadOf([9, 1, 5])).toEqual({ min: 1, median: 5, max: 9 });
});

test('the median of an even number of figures is between the two in the middle', () => {
  expect(spreadOf([10, 2, 4, 1])).toEqual({ min: 1, median: 3, max: 10 });
});

test('figures are compared as numbers', () => {
  expect(spreadOf([10, 9, 100]).median).toBe(10);
});

test('there is no spread and no percentile of nothing', () => {
  expect(() => spreadOf([])).toThrow();
  expect(() => percentile([], 0.5)).toThrow();
});

test.each([
  [0.5, 500],
  [0.99, 990],
  [0.999, 999],
  [1, 1000],
  [0, 1],
])('the percentile %d of 1 to 1000 is %d', (share, expected) => {
  const sorted = Float64Array.from({ length: 1000 }, (_, at) => at + 1);
  expect(percentile(sorted, share)).toBe(expected);
});

test('the percentile of one figure is that figure', () => {
  expect(percentile([7], 0.999)).toBe(7);
});

test('the slope is what a straight line rises by, and none for what only swings', () => {
  expect(slopeOf([1, 3, 5, 7])).toBeCloseTo(2);
  expect(slopeOf([4, 6, 6, 4])).toBeCloseTo(0);
});
