// Whether anything may be decided from a copy, as another process was told.

import { expect, test } from 'vitest';
import { unfitnessOf } from '../../../../src/app/deciding-side/fitness.ts';

test('who was told nothing decides nothing', () => {
  expect(unfitnessOf(undefined, 0)).toBe('copy_incomplete');
});

test('a copy that was never complete is none, however fresh', () => {
  expect(unfitnessOf({ complete: false, freshUntilMs: Number.POSITIVE_INFINITY }, 0)).toBe('copy_incomplete');
});

test('a copy counts until the time that was told, without a further word', () => {
  const fitness = { complete: true, freshUntilMs: 1_000 };
  expect(unfitnessOf(fitness, 1_000)).toBeUndefined();
  expect(unfitnessOf(fitness, 1_001)).toBe('copy_stale');
});

test('one whose source was not heard of in this life is stale, and one whose age does not matter never is', () => {
  expect(unfitnessOf({ complete: true, freshUntilMs: Number.NEGATIVE_INFINITY }, 0)).toBe('copy_stale');
  expect(unfitnessOf({ complete: true, freshUntilMs: Number.POSITIVE_INFINITY }, Number.MAX_VALUE)).toBeUndefined();
});
