// The page that is drawn from a run: goals, tables and plots, and “not measured” where a run has no figures.

import { expect, test } from 'vitest';
import { drawnFiles } from '../../bench/page/draw-page.ts';
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
    wanted: ['S1'],
    scenarios: [{ id: 'S1', title: 'hot', what: 'one token', fullLoad: { kept, thrownAway: [] }, rates: [] }],
  };
}
const placeOf = (record: RunRecord, place: string) => figuresOf(record).places[place] ?? '';
const goalLine = (record: RunRecord, what = 'hot RS256') =>
  placeOf(record, 'goals')
    .split('\n')
    .find((line) => line.startsWith(`| ${what}`));

test('a goal is met or missed by the median', () => {
  expect(goalLine(run(5))).toContain('| S1 | ≥ 0.7 | ≥ 0.85 | 0.80 (0.80–0.80) | met |');
  expect(goalLine(run(5, 0.11))).toContain('| met, and the stretch |');
  expect(goalLine(run(5, 0.2))).toContain('0.50 (0.50–0.50) | **missed**');
  expect(placeOf(run(5, 0.2), 'shortfalls')).toContain('(S1): 0.50, where ≥ 0.7 is the goal');
});

test('a goal of a contestant that was not there is not measured', () => {
  expect(goalLine(run(5), 'second sight')).toContain('not measured');
  expect(placeOf(run(5), 'shortfalls')).toMatch(
    /^1 of \d+ goals are met in this run\.\n\nWithout figures: \d+, of S2, S3,/,
  );
});

test('too few rounds are said to be not measured, in the goals and in the scenario', () => {
  expect(goalLine(run(4))).toContain('not measured');
  expect(placeOf(run(4), 'scenarios')).toContain('not measured\n\n4 rounds kept');
});

test('a scenario that failed says why', () => {
  const failed = {
    ...run(5),
    scenarios: [{ id: 'S1', title: 'hot', what: 'one token', rates: [], failure: 'wrong answers' }],
  };
  expect(placeOf(failed, 'scenarios')).toContain('not measured: wrong answers');
});

test('plots have a dot for each contestant', () => {
  expect(figuresOf(run(5)).plots['ratio.svg']?.match(/<circle/g)).toHaveLength(1);
});

test('each scenario stands by its number, in whatever order it was run', () => {
  const [scenario] = run(5).scenarios;
  const scenarios = ['S11', 'S2', 'S3r', 'S3'].map((id) => ({ ...(scenario as NonNullable<typeof scenario>), id }));
  const heads = placeOf({ ...run(5), scenarios }, 'scenarios').matchAll(/^### (\w+):/gm);
  expect([...heads].map(([, id]) => id)).toEqual(['S2', 'S3', 'S3r', 'S11']);
});

test('a run that was cut short says so, and a soak that was is not measured', () => {
  const sample = { liveBytes: 2 ** 20, residentBytes: 2 ** 20, openFiles: 20 };
  const soak = { samples: 2, sampleSeconds: 10, perSecond: 100, measured: [sample], failure: 'it took too long' };
  const cut = { ...run(5), wanted: ['S1', 'S2', 'soak'], soak };
  expect(placeOf(cut, 'run')).toContain('2 of 3 parts');
  expect(placeOf(cut, 'soak')).toContain('not measured: it took too long');
  expect(placeOf({ ...cut, soak: { ...soak, measured: [sample, sample] } }, 'soak')).toContain(
    '| open files | 20 | 20 | 0.0 |',
  );
});

test('the page has every place of its template filled, from a run and without one', () => {
  const page = drawnFiles(run(5))['performance.md'] ?? '';
  expect(page).not.toMatch(/\{\{|undefined|NaN/);
  for (const [, name = ''] of page.matchAll(/\]\(performance\/([\w.]+)\)/g))
    expect(drawnFiles(run(5))[`performance/${name}`]).toContain('<svg');
});
