// The back-off of wrong credentials, by a clock that the test owns.

import { expect, test } from 'vitest';
import { createBackOff } from '../../../../src/admin/access/back-off.ts';

function failing(times: number, nowMs = 0) {
  const backOff = createBackOff();
  for (let index = 0; index < times; index += 1) backOff.failed('1.2.3.4', nowMs);
  return backOff;
}

test('doubles the wait from the fifth failure on, up to a minute', () => {
  const waits = [4, 5, 6, 7, 30].map((times) => failing(times).heldMs('1.2.3.4', 0));
  expect(waits).toEqual([0, 1000, 2000, 4000, 60_000]);
});

test('holds up only the address that failed, and only until its wait is over', () => {
  const backOff = failing(5);
  expect(backOff.heldMs('1.2.3.5', 0)).toBe(0);
  expect([backOff.heldMs('1.2.3.4', 999), backOff.heldMs('1.2.3.4', 1000)]).toEqual([1, 0]);
});

test('forgets an address that stays away for ten minutes', () => {
  const backOff = failing(30);
  backOff.failed('1.2.3.4', 600_000);
  expect(backOff.heldMs('1.2.3.4', 600_000)).toBe(0);
});

test('forgets the oldest failures when there are too many addresses', () => {
  const backOff = failing(5);
  for (let index = 0; index < 4096; index += 1) backOff.failed(`10.0.${index >> 8}.${index & 255}`, 1);
  expect(backOff.heldMs('1.2.3.4', 1)).toBe(0);
});
