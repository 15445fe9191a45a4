// Workers that crash: through a real Envoy nobody notices one, however often it happens, and one that cannot even start again is tried
// ever more seldom while the others decide.

import { createServer, type Server } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ENVOY_VERSION, OLDER_ENVOY_VERSIONS } from '../../scripts/envoy-tool.ts';
import { eventually } from '../rig/eventually.ts';
import { freePorts, isPortFree } from '../rig/free-port.ts';
import { type GatehouseProcess, type LogLine, startGatehouse } from '../rig/gatehouse-process.ts';
import type { LoadCounts } from '../rig/http-load.ts';
import { isAlive, workerPid, workerPids } from '../rig/worker-processes.ts';
import { checksOf } from './checks.ts';
import { allHealthy, MENU, startLoads, startWorkerStack, WORKERS } from './worker-stack.ts';

const KILLS = 6;
/** Between two kills, however long they take: what a kill costs is told as a share of them. */
const REPLIES = 250;
const POISONINGS = 12;
const ATTEMPTS = 4;

/** Ends the process of a worker at once, and waits for the one that takes its place: the milliseconds until that has answered. */
async function kill(gatehouse: GatehouseProcess, worker: number): Promise<number> {
  const pid = await workerPid(gatehouse, worker);
  const killedAt = performance.now();
  process.kill(pid, 'SIGKILL');
  expect(await workerPid(gatehouse, worker)).not.toBe(pid);
  return Math.round(performance.now() - killedAt);
}

/** Listens on a port as soon as it is free. */
function takePort(port: number): Promise<Server> {
  return eventually(
    `port ${port} to be free`,
    () =>
      new Promise<Server | undefined>((resolve) => {
        const server = createServer((connection) => connection.destroy());
        server.once('error', () => resolve(undefined));
        server.listen(port, '127.0.0.1', () => resolve(server));
      }),
  );
}

test.each([ENVOY_VERSION, ...OLDER_ENVOY_VERSIONS])(
  'behind Envoy %s, workers that are killed under load are back at once, and no request is decided otherwise',
  async (envoyVersion) => {
    const stack = await startWorkerStack({ envoyVersion });
    const { gatehouse, envoy } = stack;
    expect(new Set(await workerPids(gatehouse)).size).toBe(WORKERS);
    await allHealthy(stack);
    const loads = startLoads(stack);
    await loads.replies(REPLIES);
    const backAfterMs: number[] = [];
    for (let at = 0; at < KILLS; at++) {
      backAfterMs.push(await kill(gatehouse, at % WORKERS));
      await loads.replies(REPLIES);
    }
    const counts = await loads.stop();
    console.log(`${KILLS} workers killed under load, each back after ms:`, backAfterMs, 'replies by status:', counts);
    console.log('checks that Envoy asked once more:', await envoy.stat('cluster.gatehouse.upstream_rq_retry'));
    const faults = envoy.accessLog().filter(({ status }) => status === 503);
    console.log(
      'microseconds that faults took:',
      faults.map(({ authz_us }) => authz_us).join(', ') || 'there were none',
    );
    expectRight(counts, 0.01);
    expect(restartsOf(gatehouse).map(({ restart_in_ms }) => restart_in_ms)).toEqual(new Array(KILLS).fill(0));
  },
);

test('a worker that is killed after its first answer, time after time, is never waited with', async () => {
  const stack = await startWorkerStack();
  const backAfterMs: number[] = [];
  for (let at = 0; at < POISONINGS; at++) {
    backAfterMs.push(await kill(stack.gatehouse, 0));
    expect((await stack.get(MENU, stack.token())).status).toBe(200);
  }
  console.log(`killed ${POISONINGS} times after its first answer, back after ms:`, backAfterMs);
  expect(restartsOf(stack.gatehouse).map(({ restart_in_ms }) => restart_in_ms)).toEqual(new Array(POISONINGS).fill(0));
});

test('a worker that hangs is replaced; meanwhile the others decide, and what it has taken is refused, never let in', async () => {
  const stack = await startWorkerStack({ deadlines: 'shipped' });
  const { gatehouse, envoy } = stack;
  await allHealthy(stack);
  const loads = startLoads(stack);
  const hung = await workerPid(gatehouse, 1);
  process.kill(hung, 'SIGSTOP');
  await eventually('it to be gone', () => !isAlive(hung));
  expect(await workerPid(gatehouse, 1)).not.toBe(hung);
  await allHealthy(stack);
  const counts = await loads.stop();
  console.log('a worker hung under load, replies by status:', counts);
  console.log(
    'times that Envoy passed it over:',
    await envoy.stat('cluster.gatehouse.outlier_detection.ejections_enforced_total'),
  );
  expectRight(counts, 0.1);
  await eventually('a request to pass', async () => (await stack.get(MENU, stack.token())).status === 200);
});

test('one that dies before it has answered is waited with longer each time, and is back when it can be; the others decide meanwhile', async () => {
  const first = await freePorts(WORKERS);
  const stack = await startWorkerStack({ settings: { extauthz: { listen: [`tcp://127.0.0.1:${first}`] } } });
  const { gatehouse } = stack;
  expect(gatehouse.endpoints).toEqual([first, first + 1, first + 2]);
  await allHealthy(stack);
  const others = await Promise.all([workerPid(gatehouse, 0), workerPid(gatehouse, 2)]);
  const killed = await workerPid(gatehouse, 1);
  // The port is to be taken before the next worker does.
  gatehouse.signal('SIGSTOP');
  process.kill(killed, 'SIGKILL');
  const thief = await takePort(first + 1).finally(() => gatehouse.signal('SIGCONT'));
  const loads = startLoads(stack);
  const waits = await eventually('some attempts', () => {
    const told = restartsOf(gatehouse).map((line) => Number(line['restart_in_ms']));
    return told.length > ATTEMPTS && told;
  });
  console.log('a worker whose port is taken: ms before each next attempt', waits);
  expect(waits[0]).toBe(0);
  expect(waits.slice(1)).toEqual(waits.slice(1).toSorted((a, b) => a - b));
  expect(waits[1]).toBeGreaterThan(0);
  expect(waits[ATTEMPTS]).toBeGreaterThan(Number(waits[1]));
  const told = gatehouse.log().find(({ msg }) => String(msg).includes('cannot listen'));
  expect(JSON.stringify(told ?? gatehouse.log())).toContain(`127.0.0.1:${first + 1}`);
  expect(await readiness(gatehouse)).toEqual([200, { status: 'ready', detail: 'degraded: 2 of 3 workers serve' }]);
  expectRight(await loads.stop(), 0.01);
  expect(others.every(isAlive)).toBe(true);

  await new Promise((resolve) => thief.close(resolve));
  const checks = checksOf(gatehouse, 1);
  onTestFinished(checks.close);
  await eventually('it to answer', async () => (await checks.outcome(MENU, stack.token())) === 'allow');
});

test('a start at which the address of one worker is taken is none, and says which', async () => {
  const first = await freePorts(2);
  const thief = await takePort(first + 1);
  onTestFinished(() => void thief.close());
  const settings = { workers: 2, extauthz: { listen: [`tcp://127.0.0.1:${first}`] } };
  await expect(startGatehouse({ settings })).rejects.toThrow(`cannot listen on 127.0.0.1:${first + 1}`);
  expect(await isPortFree(first)).toBe(true);
});

/**
 * Nobody is decided otherwise than always. A request may be refused as a fault where its worker died half-way through the answer, or
 * hung, and the time was up before another could be asked; `share` of all may be that, at most.
 */
function expectRight(counts: { readonly allowed: LoadCounts; readonly denied: LoadCounts }, share: number): void {
  const { '200': passed = 0, '503': faults = 0, ...others } = counts.allowed;
  const { '403': refused = 0, '503': otherFaults = 0, ...moreOthers } = counts.denied;
  expect({ ...others, ...moreOthers }).toEqual({});
  expect(faults + otherFaults).toBeLessThan((passed + refused) * share);
}

async function readiness({ adminUrl }: GatehouseProcess): Promise<readonly [number, unknown]> {
  const reply = await fetch(`${adminUrl}/readyz`);
  return [reply.status, await reply.json()];
}

/** What was said of workers that had ended: in how long each is started again. */
function restartsOf(gatehouse: GatehouseProcess): LogLine[] {
  return gatehouse.log().filter((line) => 'restart_in_ms' in line);
}
