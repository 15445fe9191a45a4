// Which rounds of the bench are kept.

import { expect, test } from 'vitest';
import { disturbanceOf, FULL_RULE, gatherRounds } from '../../bench/rounds.ts';
import { measurementSample } from './measurement-sample.ts';

test('five of at most twenty are wanted', () => {
  expect(FULL_RULE).toEqual({ keep: 5, atMost: 20 });
});

test('the order turns from round to round, and a round is kept in the order of the contestants', async () => {
  const order: number[] = [];
  const { kept } = await gatherRounds(3, { keep: 2, atMost: 2 }, async (contestant) => {
    order.push(contestant);
    return measurementSample({ name: String(contestant) });
  });
  expect(order).toEqual([0, 1, 2, 1, 2, 0]);
  expect(kept.map((round) => round.map(({ name }) => name))).toEqual([
    ['0', '1', '2'],
    ['0', '1', '2'],
  ]);
});

test('a disturbed round is thrown away at once and tried again', async () => {
  const stolen = [0, 0, 0.2, 0, 0];
  let measured = 0;
  const rounds = await gatherRounds(2, { keep: 2, atMost: 5 }, async () =>
    measurementSample({ stealShare: stolen[measured++] ?? 0 }),
  );
  expect(rounds.kept).toHaveLength(2);
  expect(rounds.thrownAway).toEqual(['gatehouse: 20 % of the machine stolen']);
  // Two rounds of two, and the first half of the one that was disturbed.
  expect(measured).toBe(5);
});

test('it is given up after so many rounds', async () => {
  let measured = 0;
  const rounds = await gatherRounds(2, { keep: 2, atMost: 4 }, async () => {
    measured += 1;
    return measurementSample({ othersShare: 0.5 });
  });
  expect(rounds.kept).toEqual([]);
  expect(rounds.thrownAway).toHaveLength(4);
  expect(measured).toBe(4);
});

test.each([
  ['late answers', { spoilt: '3 of 9 answers were late' }, true],
  ['15 % stolen', { stealShare: 0.15 }, false],
  ['more than 15 % stolen', { stealShare: 0.151 }, true],
  ['15 % used by others', { othersShare: 0.15 }, false],
  ['more than 15 % used by others', { othersShare: 0.151 }, true],
  ['a client at 80 % of its core', { clientShare: 0.8 }, false],
  ['a client beyond 80 % of its core', { clientShare: 0.801 }, true],
])('%s', (_what, more, isDisturbed) => {
  expect(disturbanceOf(measurementSample(more)) !== undefined).toBe(isDisturbed);
});
