// Limits of one key manager and of all: who is refused, for which reason, and who is not.

import { beforeEach, describe, expect, test } from 'vitest';
import type { AdmissionRefused, Admitted } from '../../../../src/authorize/ports.ts';
import { type AdmissionOptions, Limits } from '../../../../src/outbound/limits/limits.ts';

const HOUR_MS = 3_600_000;
let now: number;
let told: string[];
let admission: Limits;

function start(changes: Partial<AdmissionOptions> = {}): Limits {
  return new Limits({
    concurrentChecks: 16,
    maxFlights: 16,
    clock: () => now,
    random: () => 0,
    observer: {
      refused: (id, limit) => told.push(`${id} ${limit}`),
      circuit: (id, state) => told.push(`${id} ${state}`),
    },
    ...changes,
  });
}
beforeEach(() => {
  now = 1_800_000_000_000;
  told = [];
  admission = start();
});

const limits = { concurrency: 4, ratePerSecond: 8, burst: 1000 };
const a = { id: 'a', limits };
const b = { id: 'b', limits };
function admitted(leave: Admitted | AdmissionRefused): Admitted {
  if (leave.kind !== 'admitted') throw new Error(`refused: ${leave.why}`);
  return leave;
}
const ask = (keyManager = a, knownActive = false) => admission.introspect(keyManager, knownActive, now);
/** How many of so many at once are admitted. */
const countOf = (times: number, leave: () => Admitted | AdmissionRefused) =>
  Array.from({ length: times }, leave).filter(({ kind }) => kind === 'admitted').length;

describe('introspections', () => {
  test('one key manager takes its concurrency and not one more, another is not touched', () => {
    expect(countOf(10, () => ask(a))).toBe(4);
    expect(ask(a)).toEqual({ kind: 'refused', why: 'limit' });
    expect(countOf(10, () => ask(b))).toBe(4);
    expect(new Set(told)).toEqual(new Set(['a concurrency', 'b concurrency']));
  });

  test('leave is given back once, however often that is said', () => {
    const leave = admitted(ask());
    expect(countOf(3, () => ask())).toBe(3);
    leave.done('ok');
    leave.done('ok');
    expect(countOf(3, () => ask())).toBe(1);
  });

  test('all together leave room for fetches of keys, and one takes at most half', () => {
    const wide = { ...limits, concurrency: 4096 };
    expect(countOf(20, () => ask({ id: 'a', limits: wide }))).toBe(8);
    expect(countOf(20, () => ask({ id: 'b', limits: wide }))).toBe(6);
    expect(told).toContain('a flights');
    expect(countOf(20, () => ask({ id: 'c', limits: wide }))).toBe(0);
  });

  test('made-up tokens leave a quarter of the rate to tokens that were active', () => {
    const rate = { id: 'a', limits: { concurrency: 1000, ratePerSecond: 8, burst: 16 } };
    const pass = (times: number, known: boolean) =>
      countOf(times, () => {
        const leave = ask(rate, known);
        if (leave.kind === 'admitted') leave.done('ok');
        return leave;
      });
    expect(pass(100, false)).toBe(12);
    expect(pass(100, true)).toBe(4);
    now += 1_000;
    expect([pass(100, false), pass(100, true)]).toEqual([6, 2]);
    now += 1_000;
    expect([pass(100, true), pass(100, false)]).toEqual([8, 0]);
    now -= HOUR_MS;
    expect(pass(100, false)).toBe(0);
    now += 1_000;
    expect(pass(100, false)).toBe(6);
  });

  test('changed limits hold at once', () => {
    expect(countOf(10, () => ask(a))).toBe(4);
    expect(countOf(10, () => ask({ id: 'a', limits: { ...limits, concurrency: 6 } }))).toBe(2);
  });
});

describe('the breaker', () => {
  /** How many requests it took. */
  const failUntilOpen = () => {
    for (let n = 0; ; n++) {
      const leave = ask();
      if (leave.kind === 'refused') return n;
      leave.done('failed');
    }
  };

  test('opens after failures, lets one try after a pause that doubles, and closes when the try succeeds', () => {
    expect(failUntilOpen()).toBe(5);
    expect(ask()).toEqual({ kind: 'refused', why: 'breaker' });
    expect(ask(b)).toMatchObject({ kind: 'admitted' });
    now += 499;
    expect(ask().kind).toBe('refused');
    now += 1;
    const first = admitted(ask());
    expect(ask().kind).toBe('refused');
    first.done('failed');
    now += 999;
    expect(ask().kind).toBe('refused');
    now += 1;
    admitted(ask()).done('ok');
    expect(countOf(4, () => ask())).toBe(4);
    expect(told.filter((line) => !line.endsWith('breaker'))).toEqual(['a open', 'a closed']);
  });

  test('forgets its failures when the key manager is written anew', () => {
    failUntilOpen();
    const mended = { ...a, limits: { ...limits } };
    admitted(ask(mended)).done('ok');
    expect(countOf(3, () => ask(mended))).toBe(3);
    expect(told.filter((line) => !line.endsWith('breaker'))).toEqual(['a open', 'a closed']);
  });

  test('stays closed while half succeed, and does not count who began before it opened', () => {
    for (let n = 0; n < 100; n++) admitted(ask()).done(n % 2 === 0 ? 'ok' : 'failed');
    const slow = admitted(ask());
    failUntilOpen();
    slow.done('ok');
    expect(ask().kind).toBe('refused');
  });

  test('a clock set back or forward by an hour does not keep it open', () => {
    for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
      failUntilOpen();
      now += jumpMs;
      admitted(ask()).done('ok');
      expect(ask(a).kind).toBe('admitted');
      admission = start();
    }
  });
});

describe('waiting requests', () => {
  test('one key manager takes a quarter of the checks, all together half', () => {
    const leaves = Array.from({ length: 4 }, () => admission.wait('a'));
    expect(admission.wait('a')).toEqual({ kind: 'refused', why: 'limit' });
    expect(countOf(10, () => admission.wait('b'))).toBe(4);
    expect(admission.wait('c').kind).toBe('refused');
    for (const leave of leaves) admitted(leave).done('ok');
    expect(countOf(10, () => admission.wait('c'))).toBe(4);
  });
});

describe('time for proofs', () => {
  /** Proofs of so many ms each until refused or until so many were made. */
  const prove = (id: string, times: number, spentMs: number) => {
    let made = 0;
    while (made < times) {
      const leave = admission.prove(id, now);
      if (leave.kind === 'refused') return made;
      leave.done('ok', spentMs);
      made += 1;
    }
    return made;
  };

  test('one alone has four fifths of a second, and again as the second passes', () => {
    expect(prove('a', 1000, 10)).toBe(80);
    now += 500;
    expect(prove('a', 1000, 10)).toBe(0);
    now += 600;
    expect(prove('a', 1000, 10)).toBe(80);
  });

  test('one that floods is held to its part as soon as another needs time, which is never refused below its own', () => {
    expect(prove('flood', 60, 10)).toBe(60);
    expect(prove('calm', 5, 10)).toBe(5);
    expect(prove('flood', 1000, 10)).toBe(0);
    expect(prove('calm', 1000, 10)).toBe(35);
    expect(new Set(told)).toEqual(new Set(['flood proof_time', 'calm proof_time']));
    now += 1_000;
    expect(prove('calm', 1, 10)).toBe(1);
    expect(prove('flood', 1000, 10)).toBe(40);
  });

  test('many at once are charged before any of them ends', () => {
    prove('a', 80, 10);
    now += 1_000;
    expect(countOf(1000, () => admission.prove('a', now))).toBeLessThan(90);
  });

  test('a clock set back or forward starts a new second', () => {
    for (const jumpMs of [-HOUR_MS, HOUR_MS]) {
      expect(prove('a', 1000, 10)).toBe(80);
      now += jumpMs;
    }
    expect(prove('a', 1000, 10)).toBe(80);
  });
});

test('a key manager that is gone leaves nothing behind, and its leave can still be given back', () => {
  const leave = admitted(ask());
  expect(countOf(10, () => admission.prove('a', now))).toBe(10);
  admission.retain(new Set(['b']));
  const waiting = admitted(admission.wait('a'));
  expect(admission.waiters).toBe(1);
  leave.done('failed');
  waiting.done('ok');
  expect(admission.waiters).toBe(0);
  expect(countOf(10, () => ask())).toBe(4);
});
