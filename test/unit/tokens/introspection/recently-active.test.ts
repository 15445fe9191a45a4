import { expect, test } from 'vitest';
import { RecentlyActive } from '../../../../src/tokens/introspection/recently-active.ts';

test('what was noted is known, what was not is not', () => {
  const active = new RecentlyActive();
  active.note('a');
  expect([active.has('a'), active.has('b')]).toEqual([true, false]);
});

test('a flood of active tokens drives out those that are not seen again, and keeps those that are', () => {
  const active = new RecentlyActive();
  active.note('seen once');
  for (let n = 0; n < 100_000; n++) {
    active.note(`flood-${n}`);
    if (n % 10_000 === 0) active.note('seen often');
  }
  expect(active.has('seen once')).toBe(false);
  expect(active.has('seen often')).toBe(true);
  expect(active.has('flood-99999')).toBe(true);
  expect(active.has('flood-0')).toBe(false);
});
