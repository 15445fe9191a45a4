// Sums of counts and durations, and how those of several processes become one.

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { startMetricSums } from '../../../src/telemetry/metric-sums.ts';
import type { Observations } from '../../../src/telemetry/metrics-message.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

function sums(isTaken: () => boolean = () => true) {
  const sent: Observations[] = [];
  const running = startMetricSums({
    droppedLogLines: () => 0,
    send: (observations) => sent.push(observations),
    isTaken,
  });
  return { sent, running };
}

test('sums are handed on each second, and start anew then', () => {
  const { sent, running } = sums();
  running.decision('allow', 'allowed', 'Pizza:1.0.0', 0.001);
  running.decision('allow', 'allowed', 'Pizza:1.0.0', 0.002);
  vi.advanceTimersByTime(2000);
  expect(sent).toHaveLength(2);
  expect(sent[0]?.counts).toEqual([
    { counter: 'gatehouse_decisions_total', labels: ['allow', 'allowed', 'Pizza:1.0.0'], by: 2 },
  ]);
  expect(sent[0]?.durations).toEqual({ buckets: [0, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0], sumSeconds: 0.003 });
  expect(sent[1]?.counts).toEqual([]);
  running.stop();
});

test('what is not taken is not lost: the next batch has it', () => {
  let isTaken = false;
  const { sent, running } = sums(() => isTaken);
  running.defect();
  vi.advanceTimersByTime(3000);
  running.defect();
  isTaken = true;
  vi.advanceTimersByTime(1000);
  expect(sent.map(({ counts }) => counts)).toEqual([[{ counter: 'gatehouse_defects_total', labels: [], by: 2 }]]);
  running.stop();
});

test('durations that nobody takes are as few numbers as one of them, and none is lost', () => {
  let isTaken = false;
  const { sent, running } = sums(() => isTaken);
  for (let n = 0; n < 70_000; n++) running.decision('deny', 'token_expired', undefined, n === 0 ? 60 : 0.001);
  isTaken = true;
  running.flush();
  expect(sent[0]?.durations.buckets).toEqual([0, 0, 0, 0, 69_999, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
  expect(sent[0]?.durations.sumSeconds).toBeCloseTo(129.999);
  expect(sent[0]?.counts[0]?.by).toBe(70_000);
  running.stop();
});

test('sums of other processes are added, by the same few hundred values of a label', () => {
  const { sent, running } = sums();
  const of = (worker: number): Observations => ({
    kind: 'observations',
    counts: Array.from({ length: 150 }, (_, n) => ({
      counter: 'gatehouse_decisions_total',
      labels: ['allow', 'allowed', `api-${worker}-${n}`],
      by: 1,
    })),
    durations: { buckets: [1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], sumSeconds: 2 },
    loopDelayMaxSeconds: worker,
  });
  running.add(of(1));
  running.add(of(2));
  running.flush();
  const [whole] = sent;
  expect(whole?.counts).toHaveLength(201);
  expect(whole?.counts.reduce((sum, { by }) => sum + by, 0)).toBe(300);
  expect(whole?.counts.find(({ labels }) => labels[2] === 'other')?.by).toBe(100);
  expect(whole?.durations).toEqual({ buckets: [2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2], sumSeconds: 4 });
  expect(whole?.loopDelayMaxSeconds).toBe(2);
  running.stop();
});
