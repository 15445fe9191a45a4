// What workers are told and tell: the state of a follower's copy, the key that signs for upstreams, signals of a terminal, their log.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { CheckClient } from '../../src/extauthz/check-client.ts';
import { eventually } from '../rig/eventually.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { targetOf } from '../rig/worker-processes.ts';
import { outcomeOf } from './checks.ts';
import { startHub } from './followers.ts';
import { startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const TIMEOUT_MS = 20_000;

/** A client for each worker. */
function clientsOf(gatehouse: GatehouseProcess): readonly CheckClient[] {
  const clients = gatehouse.endpoints.map((endpoint) => new CheckClient(targetOf(endpoint)));
  onTestFinished(() => {
    for (const client of clients) client.close();
  });
  return clients;
}

function ask(client: CheckClient, path: string, token: string) {
  const headers = [['authorization', `Bearer ${token}`]] as const;
  return client.check({ method: 'GET', url: `http://api.example${path}`, headers, headerMode: 'raw' }, TIMEOUT_MS);
}

const askAll = (clients: readonly CheckClient[], path: string, token: string) =>
  Promise.all(clients.map(async (client) => outcomeOf(await ask(client, path, token))));

function childrenOf(pid: number): number[] {
  return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
}

/** A follower with two workers that denies once its copy is eight seconds old; `all` waits until both answer so. */
async function followWithWorkers(fleet: Awaited<ReturnType<typeof startHub>>) {
  const follower = await fleet.follow('one', {
    workers: 2,
    sync: {
      source: 'hub',
      hub: { url: `http://127.0.0.1:${fleet.proxy.port}`, credentialFile: join(fleet.folder, 'sync-token') },
      maxStalenessSeconds: 8,
      whenStale: 'deny',
    },
  });
  const clients = clientsOf(follower.gatehouse);
  const token = fleet.token();
  const all = (outcome: string) =>
    eventually(`all to say ${outcome}`, async () => {
      const said = await askAll(clients, '/things/1/list', token);
      return said.every((one) => one === outcome);
    });
  return { follower, clients, token, all };
}

test('workers of a follower deny until its copy is whole, when it is too old, and so does one that comes later', async () => {
  const fleet = await startHub();
  onTestFinished(fleet.stop);
  fleet.proxy.faults.refusing = true;
  const { follower, clients, token, all } = await followWithWorkers(fleet);
  expect(await askAll(clients, '/things/1/list', token)).toEqual(['copy_incomplete', 'copy_incomplete']);
  for (const client of clients) expect(await client.isServing(TIMEOUT_MS)).toBe(false);
  fleet.proxy.faults.refusing = false;
  await all('allow');
  for (const client of clients) await eventually('it to serve', () => client.isServing(TIMEOUT_MS));
  fleet.proxy.faults.refusing = true;
  fleet.proxy.reset();
  await all('copy_stale');
  const [before = 0] = childrenOf(follower.gatehouse.pid);
  process.kill(before, 'SIGKILL');
  await eventually('another in its place', () => {
    const now = childrenOf(follower.gatehouse.pid);
    return now.length === 2 && !now.includes(before);
  });
  await all('copy_stale');
  fleet.proxy.faults.refusing = false;
  await all('allow');
});

test('a primary that stands still makes no copy fresher', async () => {
  const fleet = await startHub();
  onTestFinished(fleet.stop);
  const { follower, clients, token, all } = await followWithWorkers(fleet);
  await all('allow');
  process.kill(follower.gatehouse.pid, 'SIGSTOP');
  try {
    expect(await askAll(clients, '/things/1/list', token)).toEqual(['allow', 'allow']);
    await all('copy_stale');
  } finally {
    process.kill(follower.gatehouse.pid, 'SIGCONT');
  }
  await all('allow');
});

test('the very next JWT of every worker is signed by a key that was rotated in', async () => {
  const stack = await startStack({
    settings: { workers: 2, upstream: { backendJwt: { enabled: true, algorithm: 'ES256' } } },
  });
  onTestFinished(stack.stop);
  const clients = clientsOf(stack.gatehouse);
  const token = stack.token();
  const kids = () =>
    Promise.all(
      clients.map(async (client) => {
        const { headers } = await ask(client, MENU, token);
        const [head = ''] = (headers.find(([name]) => name === 'x-jwt-assertion')?.[1] ?? '').split('.');
        return (JSON.parse(Buffer.from(head, 'base64url').toString()) as { kid: string }).kid;
      }),
    );
  const [first] = await kids();
  for (let turn = 0; turn < 5; turn++) {
    const rotated = (await stack.admin('POST', '/backend-jwt-keys')).body as { kid: string };
    expect(rotated.kid).not.toBe(first);
    expect(await kids()).toEqual([rotated.kid, rotated.kid]);
  }
});

test('the log of all workers has whole lines, however long, and says whose they are', async () => {
  const stack = await startStack({
    settings: { workers: 2, telemetry: { allowSampling: 1, decisionSteps: true } },
  });
  onTestFinished(stack.stop);
  const clients = clientsOf(stack.gatehouse);
  const token = stack.token();
  const path = `/pizza/1.0.0/${'nowhere/'.repeat(800)}`;
  const asked = await Promise.all(
    clients.flatMap((client, worker) =>
      Array.from({ length: 1000 }, async () => [(await ask(client, path, token)).metadata['decision_id'], worker]),
    ),
  );
  const told = await eventually('all to be told', () => {
    // Parses each line.
    const lines = stack.gatehouse.log().filter(({ msg }) => msg === 'decision');
    return lines.length >= asked.length && lines;
  });
  const workerOf = new Map(told.map((line) => [line['decision_id'], line['worker']]));
  expect(asked.map(([id]) => workerOf.get(id))).toEqual(asked.map(([, worker]) => worker));
  expect(stack.gatehouse.stdout.filter((line) => !line.startsWith('{'))).toEqual([]);
});

test('a terminal’s Ctrl-C reaches workers too, and they go on until the primary drains them', async () => {
  const stack = await startStack({ settings: { workers: 2, extauthz: { drainMs: 6_000 } } });
  onTestFinished(stack.stop);
  const clients = clientsOf(stack.gatehouse);
  const workers = childrenOf(stack.gatehouse.pid);
  expect(workers).toHaveLength(2);
  for (const pid of workers) for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.kill(pid, signal);
  stack.gatehouse.signal('SIGINT');
  for (const client of clients)
    await eventually('it to say that it leaves', async () => !(await client.isServing(TIMEOUT_MS)));
  expect(await askAll(clients, MENU, stack.token())).toEqual(['allow', 'allow']);
  expect(await stack.gatehouse.exited).toBe(0);
  expect(stack.gatehouse.log().filter((line) => 'restart_in_ms' in line)).toEqual([]);
});

test('SIGHUP to one that has no workers is told, and changes nothing', async () => {
  const stack = await startStack();
  onTestFinished(stack.stop);
  stack.gatehouse.signal('SIGHUP');
  await stack.gatehouse.logged(({ msg }) => String(msg).startsWith('there are no workers to restart'));
  expect((await stack.get(MENU, stack.token())).status).toBe(200);
});
