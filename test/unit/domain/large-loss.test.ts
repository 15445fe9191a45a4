// What may go unasked, and what has to be allowed by somebody.

import { expect, test } from 'vitest';
import { isLargeLoss } from '../../../src/domain/large-loss.ts';

test('more than ten and more than a fifth is a large loss, and less of either is none', () => {
  expect(isLargeLoss(11, () => 54)).toBe(true);
  expect(isLargeLoss(11, () => 55)).toBe(false);
  expect(isLargeLoss(10, () => 10)).toBe(false);
});

test('what is there is not counted for a few', () => {
  const count = () => expect.unreachable('was counted');
  expect(isLargeLoss(10, count)).toBe(false);
});
