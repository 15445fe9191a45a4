// A scenario that cannot be set up, or is stopped, is part of the run and not its end.

import { expect, test, vi } from 'vitest';
import type { Effort } from '../../bench/run-scenario.ts';
import type { Scenario } from '../../bench/scenario.ts';
import { runScenario } from '../../bench/whole-run.ts';

// Each run starts a process, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const EFFORT: Effort = { rule: { keep: 1, atMost: 1 }, seconds: 1, distinctCalls: 1, warmUpChecks: 1, latency: false };
const HEAD = { id: 'S0', title: 'nothing', what: 'nothing' };
const options = (stopped = new AbortController().signal) => ({
  cores: { server: 0, load: 0 },
  h2load: undefined,
  stopped,
});

test('what cannot be set up says why, and what it started is ended', async () => {
  let ended = false;
  const contestants: Scenario['contestants'] = async (lab) => {
    lab.defer(() => {
      ended = true;
    });
    throw new Error('no port');
  };
  const scenario: Scenario = { ...HEAD, rates: { kind: 'fixed', perSecond: 1 }, contestants };
  expect(await runScenario(scenario, EFFORT, options())).toEqual({ ...HEAD, rates: [], failure: 'no port' });
  expect(ended).toBe(true);
});

test('what hangs ends when the run is stopped', async () => {
  const stop = new AbortController();
  const contestants: Scenario['contestants'] = () => {
    stop.abort();
    return new Promise(() => undefined);
  };
  const scenario: Scenario = { ...HEAD, rates: { kind: 'fixed', perSecond: 1 }, contestants };
  expect(await runScenario(scenario, EFFORT, options(stop.signal))).toMatchObject({ failure: 'the run was stopped' });
});
