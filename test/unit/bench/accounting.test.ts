// What the bench takes from Linux's accounts.

import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { type CpuTime, cpuSecondsBetween, cpuTimeOf } from '../../bench/accounting.ts';
import { eventually } from '../../rig/eventually.ts';

test('the exact account and the whole one of a busy process with several threads agree', async () => {
  const busy = 'const until = Date.now() + 60_000; while (Date.now() < until);';
  const program = `new (require('node:worker_threads').Worker)(${JSON.stringify(busy)}, { eval: true }); ${busy}`;
  const child = spawn(process.execPath, ['-e', program], { stdio: 'ignore' });
  onTestFinished(() => void child.kill('SIGKILL'));
  const pids = [child.pid as number];
  /** The two accounts are read one after the other: it stands still meanwhile. */
  const look = () => {
    child.kill('SIGSTOP');
    const time = cpuTimeOf(pids);
    child.kill('SIGCONT');
    return time;
  };
  // Both threads are there and at work.
  const before = await eventually('it has started', () => {
    const time = look();
    return time.seconds > 0.5 && time;
  });
  const after = await eventually('it has worked', () => {
    const time = look();
    return time.seconds > before.seconds + 2 && time;
  });
  const exact = cpuSecondsBetween(before, after);
  // A thread that is left out would be half of it.
  expect(Math.abs(exact - (after.seconds - before.seconds))).toBeLessThan(0.5);
  expect(after.threads.size).toBeGreaterThan(1);
});

test.each<[string, Record<string, number>, Record<string, number>, number]>([
  ['threads that stay', { a: 1e9, b: 2e9 }, { a: 1.5e9, b: 2.25e9 }, 0.75],
  ['one that started', { a: 1e9 }, { a: 1.5e9, b: 0.125e9 }, 0.625],
  ['one that ended, where only the whole account is right', { a: 1e9, b: 2e9 }, { a: 1.5e9 }, 3],
])('between two looks: %s', (_name, before, after, seconds) => {
  const time = (at: number, threads: Record<string, number>): CpuTime => ({
    seconds: at,
    threads: new Map(Object.entries(threads)),
  });
  expect(cpuSecondsBetween(time(10, before), time(13, after))).toBeCloseTo(seconds, 9);
});
