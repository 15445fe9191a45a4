// The page that is drawn from a run: goals, tables and plots, and “not measured” where a run has no figures.

import { expect, test } from 'vitest';
import { figuresOf } from '../../bench/page/figures.ts';
import type { RunRecord } from '../../bench/run-record.ts';
import { measurementSample } from './measurement-sample.ts';

const round = (cpuSeconds: number) => [
  measurementSample({ name: 'floor' }),
  measurementSample({ name: 'gatehouse', cpuSeconds, latency: { p50: 0.2, p99: 1, p999: 5 } }),
];

function run(rounds: number, cpuSeconds = 0.125): RunRecord {
  const kept = Array.from({ length: rounds }, () => round(cpuSeconds));
  return {
    startedAt: '2026-01-02T03:04:05.000Z',
    revision: 'abc',
    machine: { cpu: 'a CPU', cores: 2, memoryGib: 4, kernel: '6' },
    versions: { node: '24' },
    rule: { keep: 5, atMost: 20 },
    scenarios: [{ id: 'S1', title: 'hot', what: 'one token', fullLoad: { kept, thrownAway: [] }, rates: [] }],
  };
}
const goalLine = (record: RunRecord) =>
  figuresOf(record)
    .markdown.split('\n')
    .find((line) => line.startsWith('| hot RS256'));

test('a goal is met or missed by the median', () => {
  expect(goalLine(run(5))).toContain('| S1 | ≥ 0.7 | 0.80 (0.80–0.80) | met |');
  expect(goalLine(run(5, 0.2))).toContain('0.50 (0.50–0.50) | **missed**');
});

test('too few rounds are said to be not measured, in the goals and in the scenario', () => {
  expect(goalLine(run(4))).toContain('not measured');
  expect(figuresOf(run(4)).markdown).toContain('not measured\n\n4 rounds kept');
});

test('a scenario that failed says why', () => {
  const failed = {
    ...run(5),
    scenarios: [{ id: 'S1', title: 'hot', what: 'one token', rates: [], failure: 'wrong answers' }],
  };
  expect(figuresOf(failed).markdown).toContain('not measured: wrong answers');
});

test('plots have a dot for each contestant', () => {
  expect(figuresOf(run(5)).plots['ratio.svg']?.match(/<circle/g)).toHaveLength(1);
});
