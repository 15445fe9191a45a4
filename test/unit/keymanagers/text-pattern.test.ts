// Patterns that an admin writes, met by texts of strangers: what they claim, and what they must not cost.

import { expect, test } from 'vitest';
import { textPattern } from '../../../src/keymanagers/text-pattern.ts';

function pattern(source: string, fits: 'whole' | 'part' = 'whole') {
  const made = textPattern(source, fits);
  if ('problem' in made) throw new Error(made.problem);
  return made;
}

test.each<[string, 'whole' | 'part', string, boolean]>([
  ['a|ab', 'whole', 'ab', true],
  ['a|ab', 'whole', 'abc', false],
  ['a|ab', 'part', 'xaby', true],
  ['^ab$', 'part', 'xab', false],
  ['(?i)OP-\\d+', 'whole', 'op-17', true],
  ['', 'whole', '', true],
  ['a.c', 'whole', 'a\nc', false],
])('%j as a %s of %j: %s', (source, fits, text, expected) => {
  expect(pattern(source, fits).matches(text)).toBe(expected);
});

test('a bounded repetition is met at its longest, and a short pattern by the longest text', () => {
  expect(pattern('[A-Za-z0-9_-]{128,490}').matches('x'.repeat(490))).toBe(true);
  expect(pattern('op[a-z]+').matches(`op${'x'.repeat(16_382)}`)).toBe(true);
  expect(pattern('op[a-z]+').matches(`op${'x'.repeat(16_383)}`)).toBe(false);
});

test('a text that would cost a pattern made to be slow too many steps is not claimed', () => {
  const slow = pattern('(a|b)*a(a|b){200}c?');
  const fitting = (length: number) => `${'b'.repeat(length - 201)}a${'b'.repeat(200)}`;
  expect([slow.matches(fitting(800)), slow.matches(fitting(16_384))]).toEqual([true, false]);
});
