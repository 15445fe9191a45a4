// Leaving in order: a drained instance costs no request where another one stands beside it, finishes what it has begun where none
// does, and never lets anything in that it has not decided.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { EXIT } from '../../src/cli/exit-codes.ts';
import { eventually } from '../rig/eventually.ts';
import { isPortFree } from '../rig/free-port.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { startLoad } from '../rig/http-load.ts';
import { PATHS } from '../rig/key-manager-server.ts';
import { checksOf } from './checks.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
/** Longer than the shipped health check interval of 2 s with its jitter. */
const DRAIN_MS = 3_000;
const COOLDOWN_MS = 100;
/** Well within its budget, and longer than a peer that stalls is waited for. */
const LONG_CHECK_MS = 3_000;
/** 128 + SIGTERM. */
const ENDED_BY_SECOND_SIGNAL = 143;

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(options: StackOptions): Promise<Stack> {
  const stack = await startStack(options);
  stops.push(() => stack.stop());
  return stack;
}

const portOf = ({ endpoints }: GatehouseProcess) => Number(endpoints[0]);

async function healthOf(stack: Stack, gatehouse: GatehouseProcess): Promise<string | undefined> {
  return (await stack.envoy.hostHealth('gatehouse')).get(`127.0.0.1:${portOf(gatehouse)}`);
}

test('of two instances one is stopped and started again under load, three times, and no request fails', async () => {
  const stack = await start({
    instances: 2,
    envoyFile: 'envoy-two-instances.yaml',
    settings: { extauthz: { drainMs: DRAIN_MS } },
  });
  const gatehouses = [...stack.gatehouses];
  const known = Array.from({ length: 20 }, () => stack.token());
  let sent = 0;
  // Mostly tokens that are remembered, and one in ten that has to be proved.
  const token = () => (sent++ % 10 === 0 ? stack.token() : (known[sent % known.length] ?? ''));
  const load = startLoad({ port: stack.envoy.port, path: MENU, token, connections: 4 });
  stops.push(() => load.stop());
  for (const at of [0, 1, 0]) {
    const leaving = gatehouses[at];
    if (leaving === undefined) throw new Error('there are two instances');
    await eventually('all to be healthy', async () => {
      const flags = [...(await stack.envoy.hostHealth('gatehouse')).values()];
      return flags.length === 2 && flags.every((flag) => flag === 'healthy');
    });
    leaving.signal('SIGTERM');
    expect(await leaving.exited).toBe(EXIT.ok);
    const back = await leaving.again();
    stops.push(() => back.stop());
    gatehouses[at] = back;
    await eventually('it to be healthy', async () => (await healthOf(stack, back)) === 'healthy');
  }
  const counts = await load.stop();
  console.log('three rolling restarts of two instances, replies by status:', counts);
  expect(Object.keys(counts)).toEqual(['200']);
});

describe('a single instance that leaves', () => {
  test('finishes the check in flight; whoever comes later gets 503', async () => {
    const stack = await start({
      settings: { keySets: { cooldownMs: COOLDOWN_MS } },
    });
    const asked = () => stack.partner.requests(PATHS.jwks);
    const checks = checksOf(stack.gatehouse);
    stops.push(async () => checks.close());
    // Its keys have been taken, not only asked for: what a cool-down forbids is not fetched later either.
    expect(await checks.outcome(MENU, stack.token())).toBe('allow');
    await sleep(2 * COOLDOWN_MS);
    stack.partner.fault(PATHS.jwks, { kind: 'delay', delayMs: LONG_CHECK_MS });
    stack.partner.rotate();
    const before = asked();
    const inFlight = stack.get(MENU, stack.token());
    await eventually('the new key to be asked for', () => asked() > before);
    stack.gatehouse.signal('SIGTERM');
    await eventually('the port to be closed', () => isPortFree(portOf(stack.gatehouse)));
    const later = await Promise.all(Array.from({ length: 5 }, () => stack.get(MENU, stack.token())));
    expect(later.map(({ status }) => status)).toEqual([503, 503, 503, 503, 503]);
    expect((await inFlight).status).toBe(200);
    expect(await stack.gatehouse.exited).toBe(EXIT.ok);
    expect(stack.upstream.received).toHaveLength(1);
  });

  test('says so to gRPC health and on /readyz; Envoy takes it out, and back in after its start', async () => {
    const stack = await start({ settings: { extauthz: { drainMs: 15_000 } } });
    const { gatehouse } = stack;
    const readiness = async () => (await fetch(`${gatehouse.adminUrl}/readyz`)).status;
    await eventually('Envoy to find it healthy', async () => (await healthOf(stack, gatehouse)) === 'healthy');
    expect(await readiness()).toBe(200);
    expect((await stack.get(MENU, stack.token())).status).toBe(200);

    gatehouse.signal('SIGTERM');
    await eventually('Envoy to take it out', async () =>
      (await healthOf(stack, gatehouse))?.includes('/failed_active_hc'),
    );
    expect(await readiness()).toBe(503);
    expect((await fetch(`${gatehouse.adminUrl}/healthz`)).status).toBe(200);
    const before = stack.upstream.received.length;
    expect((await stack.get(MENU, stack.token())).status).toBe(503);
    expect(stack.upstream.received.length).toBe(before);

    gatehouse.signal('SIGKILL');
    await gatehouse.exited;
    const back = await gatehouse.again();
    stops.push(() => back.stop(0));
    await eventually('Envoy to take it in', async () => (await healthOf(stack, back)) === 'healthy');
    expect((await stack.get(MENU, stack.token())).status).toBe(200);
  });

  test('leaves at once at a later signal', async () => {
    const stack = await start({ settings: { extauthz: { drainMs: 600_000 } } });
    stack.gatehouse.signal('SIGTERM');
    await stack.gatehouse.logged(({ msg }) => msg === 'draining');
    // Those that come close behind the first one count as the same.
    await eventually('it to be gone', () => !stack.gatehouse.signal('SIGTERM'));
    expect(await stack.gatehouse.exited).toBe(ENDED_BY_SECOND_SIGNAL);
  });
});
