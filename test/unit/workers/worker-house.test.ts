// Who of the workers is started, replaced, drained or killed, by a clock that the tests turn.

import { expect, test } from 'vitest';
import { WorkerHouse, type WorkerOrder } from '../../../src/workers/worker-house.ts';

const MAX_DRAIN_MS = 10_000;

function house(workers: number) {
  const made = new WorkerHouse(workers, MAX_DRAIN_MS);
  const orders = made.start(0);
  for (let worker = 0; worker < workers; worker++) made.listening(worker, 0);
  return { made, orders };
}

/** Orders of so many ticks of a tenth of a second, with the time of each; pings are answered unless told otherwise. */
function pass(made: WorkerHouse, fromMs: number, untilMs: number, answers = true): [number, WorkerOrder][] {
  const all: [number, WorkerOrder][] = [];
  for (let nowMs = fromMs; nowMs <= untilMs; nowMs += 100)
    for (const order of made.tick(nowMs)) {
      if (order.kind === 'ping' && answers) made.alive(order.worker);
      if (order.kind !== 'ping') all.push([nowMs, order]);
    }
  return all;
}

test('all begin at once', () => {
  expect(house(3).orders).toEqual([0, 1, 2].map((worker) => ({ kind: 'fork', worker })));
});

test('one that answered a check has its successor at once, however often it dies', () => {
  const { made } = house(2);
  for (let death = 1; death <= 100; death++) {
    made.answered(1);
    expect(made.ended(1, death)).toEqual({ orders: [{ kind: 'fork', worker: 1 }], restMs: 0, wasExpected: false });
    made.listening(1, death);
  }
  expect(made.count('serving')).toBe(2);
});

test('one that dies before its first answer rests longer and longer, at most a second, and the others go on', () => {
  const { made } = house(2);
  const rests: (number | undefined)[] = [];
  for (let nowMs = 0, death = 0; death < 6; death++) {
    const { orders, restMs = 0 } = made.ended(1, nowMs);
    rests.push(restMs);
    nowMs += restMs;
    const forked = restMs === 0 ? orders : made.tick(nowMs).filter(({ kind }) => kind === 'fork');
    expect(forked).toEqual([{ kind: 'fork', worker: 1 }]);
    made.listening(1, nowMs);
  }
  expect(rests).toEqual([0, 250, 500, 1000, 1000, 1000]);
  expect(made.stateOf(0)).toBe('serving');
});

test('one that dies before it listens rests up to five seconds, and is as good as new after an answer', () => {
  const { made } = house(1);
  const rests: (number | undefined)[] = [];
  for (let death = 0; death < 8; death++) {
    const { restMs = 0 } = made.ended(0, death * 10_000);
    rests.push(restMs);
    made.tick(death * 10_000 + restMs);
  }
  expect(rests).toEqual([0, 250, 500, 1000, 2000, 4000, 5000, 5000]);
  made.listening(0, 100_000);
  made.answered(0);
  expect(made.ended(0, 100_001).restMs).toBe(0);
});

test('one that served for ten seconds without a check is no broken start', () => {
  const { made } = house(1);
  for (const nowMs of [10_000, 20_000, 30_000]) {
    expect(made.ended(0, nowMs).restMs).toBe(0);
    made.listening(0, nowMs);
  }
});

test('before all were up nobody is started again', () => {
  const made = new WorkerHouse(2, MAX_DRAIN_MS);
  made.start(0);
  made.listening(0, 10);
  expect(made.ended(1, 20)).toEqual({ orders: [], restMs: undefined, wasExpected: false });
  expect(pass(made, 20, 10_000)).toEqual([]);
});

test('one that answers no ping for three seconds is killed, once, and replaced when it is gone', () => {
  const { made } = house(1);
  const killed = pass(made, 100, 6_000, false);
  expect(killed).toEqual([[3500, { kind: 'kill', worker: 0, why: 'hung' }]]);
  expect(made.ended(0, 6_000).orders).toEqual([{ kind: 'fork', worker: 0 }]);
});

test('time in which nobody was asked is not held against it', () => {
  const { made } = house(1);
  made.tick(1_000);
  expect(made.tick(3_600_000)).toEqual([{ kind: 'ping', worker: 0 }]);
});

test('a start that takes a minute is ended', () => {
  const { made } = house(1);
  made.ended(0, 0);
  expect(pass(made, 0, 60_000)).toEqual([[60_000, { kind: 'kill', worker: 0, why: 'slow_start' }]]);
});

test('a rolling restart takes one at a time, and the next only when the new one serves', () => {
  const { made } = house(3);
  expect(made.roll(0)).toEqual([{ kind: 'drain', worker: 0 }]);
  expect(made.ended(0, 10)).toEqual({ orders: [{ kind: 'fork', worker: 0 }], restMs: 0, wasExpected: true });
  expect(pass(made, 10, 5_000)).toEqual([]);
  expect(made.listening(0, 5_000)).toEqual([{ kind: 'drain', worker: 1 }]);
  made.ended(1, 5_010);
  expect(made.listening(1, 5_020)).toEqual([{ kind: 'drain', worker: 2 }]);
  made.ended(2, 5_030);
  expect(made.listening(2, 5_040)).toEqual([]);
  expect(made.count('serving')).toBe(3);
});

test('a rolling restart waits while another worker is down', () => {
  const { made } = house(2);
  made.answered(1);
  made.ended(1, 0);
  expect(made.roll(1)).toEqual([]);
  expect(made.listening(1, 2)).toEqual([{ kind: 'drain', worker: 0 }]);
  made.ended(0, 3);
  // The one that died was begun before the roll.
  expect(made.listening(0, 4)).toEqual([{ kind: 'drain', worker: 1 }]);
});

test('a drain that takes too long is ended by force', () => {
  const { made } = house(1);
  made.roll(0);
  expect(pass(made, 0, MAX_DRAIN_MS)).toEqual([[MAX_DRAIN_MS, { kind: 'kill', worker: 0, why: 'slow_drain' }]]);
});

test('a stop drains all, those that rest too, and nobody follows', () => {
  const { made } = house(3);
  made.ended(2, 0);
  made.ended(2, 1);
  expect(made.stateOf(2)).toBe('resting');
  expect(made.stop(2)).toEqual([0, 1].map((worker) => ({ kind: 'drain', worker })));
  for (const worker of [0, 1]) expect(made.ended(worker, 3).orders).toEqual([]);
  expect(pass(made, 3, 5_000)).toEqual([]);
  expect(made.count('gone')).toBe(3);
});
