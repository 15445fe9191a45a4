// Several worker processes are one Gatehouse: started, asked, counted, restarted and ended as a whole.

import { readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, onTestFinished, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { eventually } from '../rig/eventually.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { PATHS } from '../rig/key-manager-server.ts';
import { isAlive, workerPid, workerPids } from '../rig/worker-processes.ts';
import { type Checks, checksOf, checksOfAll, tally } from './checks.ts';
import { type Stack, startStack } from './stack.ts';
import { allHealthy, MENU, startLoads, startWorkerStack, WORKERS } from './worker-stack.ts';

/** Longer than the shipped health check interval of 2 s with its jitter. */
const DRAIN_MS = 3_000;
/** Time to look at what goes on meanwhile. */
const LONG_DRAIN_MS = 10_000;
const CHECKS = 40;
/** As shipped. */
const COOLDOWN_MS = 5_000;

function clientsOf(gatehouse: GatehouseProcess): readonly Checks[] {
  const clients = gatehouse.endpoints.map((_, worker) => checksOf(gatehouse, worker));
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

async function metric({ gatehouse }: Stack, line: RegExp): Promise<number> {
  const authorization = `Bearer ${gatehouse.adminToken}`;
  const text = await (await fetch(`${gatehouse.adminUrl}/metrics`, { headers: { authorization } })).text();
  return text
    .split('\n')
    .filter((each) => line.test(each))
    .reduce((sum, each) => sum + Number(each.slice(each.lastIndexOf(' '))), 0);
}

test('a rolling restart replaces the workers one after the other, and under load no request fails', async () => {
  const stack = await startWorkerStack({ settings: { extauthz: { drainMs: DRAIN_MS } } });
  const { gatehouse } = stack;
  await allHealthy(stack);
  const former = await workerPids(gatehouse);
  const loads = startLoads(stack);
  const aliveAtOnce: number[] = [];
  gatehouse.signal('SIGHUP');
  await eventually(
    'all of the former to be gone',
    () => {
      const alive = former.filter(isAlive).length;
      if (aliveAtOnce.at(-1) !== alive) aliveAtOnce.push(alive);
      return alive === 0;
    },
    60_000,
  );
  const later = await workerPids(gatehouse);
  await allHealthy(stack);
  const counts = await loads.stop();
  console.log('a rolling restart under load, replies by status:', counts);
  expect([Object.keys(counts.allowed), Object.keys(counts.denied)]).toEqual([['200'], ['403']]);
  expect(aliveAtOnce).toEqual([3, 2, 1, 0]);
  expect(former.filter((pid) => later.includes(pid))).toEqual([]);
});

test('SIGTERM drains all workers: they say so first, go on deciding meanwhile, and leave no process and no socket', async () => {
  const stack = await startWorkerStack({ settings: { extauthz: { drainMs: LONG_DRAIN_MS } } });
  const { gatehouse } = stack;
  await allHealthy(stack);
  const pids = await workerPids(gatehouse);
  const clients = clientsOf(gatehouse);
  gatehouse.signal('SIGTERM');
  await eventually('Envoy to take all out', async () =>
    [...(await stack.envoy.hostHealth('gatehouse')).values()].every((flags) => flags.includes('/failed_active_hc')),
  );
  expect((await fetch(`${gatehouse.adminUrl}/readyz`)).status).toBe(503);
  for (const client of clients) expect(await client.outcome(MENU, stack.token())).toBe('allow');
  expect(await gatehouse.exited).toBe(EXIT.ok);
  expect(pids.filter(isAlive)).toEqual([]);
  expect(readdirSync(gatehouse.folder).filter((name) => name.endsWith('.sock'))).toEqual([]);
});

test('workers do not outlive a primary that is killed, and the same start works again', async () => {
  const stack = await startWorkerStack();
  const { gatehouse } = stack;
  const pids = await workerPids(gatehouse);
  gatehouse.signal('SIGKILL');
  await gatehouse.exited;
  await eventually('all workers to be gone', () => pids.every((pid) => !isAlive(pid)));
  const again = await gatehouse.again();
  onTestFinished(async () => {
    await again.stop();
  });
  expect(again.endpoints).toEqual(gatehouse.endpoints);
  await eventually('a request to pass', async () => (await stack.get(MENU, stack.token())).status === 200);
});

test('while the primary stands still the workers decide, and what it had acknowledged holds', async () => {
  const stack = await startWorkerStack();
  const { gatehouse } = stack;
  const checks = checksOfAll(gatehouse);
  onTestFinished(checks.close);
  const revoked = stack.token();
  expect(await checks.outcome(MENU, revoked)).toBe('allow');
  expect((await stack.admin('POST', '/revocations', { kind: 'token', token: revoked })).status).toBe(201);
  gatehouse.signal('SIGSTOP');
  try {
    expect(await checks.outcome(MENU, revoked)).toBe('token_revoked');
    // Longer than it would let a worker be silent.
    for (let at = 0; at < 8; at++) {
      expect(await checks.outcome(MENU, stack.token())).toBe('allow');
      await sleep(500);
    }
  } finally {
    gatehouse.signal('SIGCONT');
  }
  const pids = await workerPids(gatehouse);
  await sleep(1_500);
  expect(await workerPids(gatehouse)).toEqual(pids);
  expect(gatehouse.log().filter((line) => 'restart_in_ms' in line)).toEqual([]);
});

test('a scrape counts what all workers have decided', async () => {
  const stack = await startWorkerStack();
  const clients = clientsOf(stack.gatehouse);
  const allowed = /^gatehouse_decisions_total\{.*outcome="allow".*reason="allowed"/;
  const outcomes = await Promise.all(
    clients.flatMap((client) => Array.from({ length: CHECKS }, () => client.outcome(MENU, stack.token()))),
  );
  expect(tally(outcomes)).toEqual({ allow: CHECKS * WORKERS });
  await eventually('all to be counted', async () => (await metric(stack, allowed)) === CHECKS * WORKERS);
  await eventually(
    'their durations too',
    async () => (await metric(stack, /^gatehouse_decision_duration_seconds_count/)) >= CHECKS * WORKERS,
  );
  // What a worker counted stays counted when it is gone.
  process.kill(await workerPid(stack.gatehouse, 0), 'SIGKILL');
  await workerPid(stack.gatehouse, 0);
  expect(await metric(stack, allowed)).toBe(CHECKS * WORKERS);
});

test('keys are fetched once for all workers, at the start and when a token names a new one', async () => {
  const stack = await startWorkerStack({ settings: { keySets: { cooldownMs: 100 } } });
  const checks = checksOfAll(stack.gatehouse);
  onTestFinished(checks.close);
  const fetches = () => stack.partner.requests(PATHS.jwks);
  expect(await checks.outcome(MENU, stack.token())).toBe('allow');
  expect(fetches()).toBe(1);
  stack.partner.rotate();
  await sleep(200);
  expect(await checks.outcome(MENU, stack.token())).toBe('allow');
  expect(fetches()).toBe(2);
});

test('a flood of unknown keys at all workers causes no more fetches than at one', async () => {
  const stack = await startWorkerStack();
  const clients = clientsOf(stack.gatehouse);
  const before = stack.partner.requests(PATHS.jwks);
  const startedAt = performance.now();
  const unknown = (at: number) => stack.partner.mint({ azp: 'shop' }, { header: { kid: `unknown-${at}` } });
  const outcomes = await Promise.all(
    clients.flatMap((client) => Array.from({ length: CHECKS }, (_, at) => client.outcome(MENU, unknown(at)))),
  );
  const fetches = stack.partner.requests(PATHS.jwks) - before;
  const coolDowns = Math.floor((performance.now() - startedAt) / COOLDOWN_MS);
  console.log('a flood of unknown keys:', tally(outcomes), 'fetches:', fetches);
  expect(outcomes).not.toContain('allow');
  expect(fetches).toBeLessThanOrEqual(1 + coolDowns);
});

test('with one worker there is one process, which decides itself', async () => {
  const stack = await startStack();
  onTestFinished(stack.stop);
  expect(await workerPids(stack.gatehouse)).toEqual([stack.gatehouse.pid]);
});
