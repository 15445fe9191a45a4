// Key manager A is gone in the worst ways, and is asked at twice its limits: key manager B is always right, and A's own requests are
// faults, at once where they are over the limit. What B's latency and CPU were is printed beside the figures without A.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type BlackHole, deafPort, mutePort } from '../rig/black-hole.ts';
import { eventually } from '../rig/eventually.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { NameServer } from '../rig/name-server.ts';
import { type Checks, checksOf, tally } from './checks.ts';
import { introspectingDto, introspectionClient } from './introspecting-key-manager.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const ORDERS = '/orders/1.0.0/list';
const LIMITS = { concurrency: 8, ratePerSecond: 50, burst: 50 };
/** The default; B and the rest of the rig have longer, for they are to be right on a busy machine too. */
const A_TIMEOUT_MS = 300;
const PERIOD_MS = 4_000;
const B_PAUSE_MS = 10;
const LOST_NAME = 'lost.example';
const FAULTS = ['introspection_unavailable', 'key_manager_limit_reached', 'deadline_exceeded'];

let stack: Stack;
let checks: Checks;
let aChecks: Checks;
let b: IntrospectionServer;
let names: NameServer;
let deaf: BlackHole;
let mute: BlackHole;
const stops: (() => unknown)[] = [];
const figures: Record<string, object> = {};

beforeAll(async () => {
  b = await startIntrospection({ prefix: 'bb' });
  stops.push(b.close);
  names = await new NameServer().name('b.example', ['127.0.0.1']).listen();
  stops.push(() => names[Symbol.asyncDispose]());
  names.names.set(LOST_NAME, { kind: 'silent' });
  deaf = await deafPort();
  stops.push(deaf.close);
  mute = await mutePort();
  stops.push(mute.close);
  stack = await startStack({
    settings: { outbound: { allowLoopback: true, allowHttp: true, nameServers: [names.address] } },
    editCatalog: ({ keyManagers }) => {
      const url = b.url.replace('127.0.0.1', 'b.example');
      keyManagers.push(introspectingDto('B', { url }, 'bb'));
    },
  });
  checks = checksOf(stack.gatehouse);
  aChecks = checksOf(stack.gatehouse);
  stops.push(stack.stop, checks.close, aChecks.close);
});
afterAll(async () => {
  console.log(`B beside an A at twice its limits (${LIMITS.concurrency} at once, ${LIMITS.ratePerSecond}/s)`);
  console.table(figures);
  for (const stop of stops.reverse()) await stop();
});

async function createA(endpoint: string, more: object = {}): Promise<string> {
  const { introspection } = introspectionClient('secret-of-gatehouse') as { readonly introspection: object };
  const additionalProperties = { introspection: { ...introspection, timeoutMs: A_TIMEOUT_MS }, limits: LIMITS };
  const dto = { ...introspectingDto('A', { url: endpoint }, 'aa', { additionalProperties }), ...more };
  const made = await stack.admin('POST', KEY_MANAGERS, dto);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return (made.body as { id: string }).id;
}

/** Twice as many at once as A may have, and faster than its rate, until told to end; their outcomes and times. */
function loadA() {
  const outcomes: string[] = [];
  const overLimitMs: number[] = [];
  let running = true;
  let sent = 0;
  const one = async () => {
    while (running) {
      const startedAt = performance.now();
      const outcome = await aChecks.outcome(ORDERS, `aa${sent++}z${Math.floor(startedAt)}`);
      outcomes.push(outcome);
      if (outcome === 'key_manager_limit_reached') overLimitMs.push(performance.now() - startedAt);
      await sleep((1000 * 2 * LIMITS.concurrency) / (2 * LIMITS.ratePerSecond));
    }
  };
  const all = Promise.all(Array.from({ length: 2 * LIMITS.concurrency }, one));
  return async () => {
    running = false;
    await all;
    return { outcomes, overLimitMs };
  };
}

/** B for a while: remembered tokens, tokens seen for the first time, and JWTs of PartnerKM. */
async function measureB(name: string) {
  const remembered = b.issue();
  expect(await checks.outcome(ORDERS, remembered)).toBe('allow');
  const times: Record<'remembered' | 'first' | 'jwt', number[]> = { remembered: [], first: [], jwt: [] };
  const outcomes: string[] = [];
  const timed = async (kind: keyof typeof times, token: string) => {
    const startedAt = performance.now();
    outcomes.push(await checks.outcome(ORDERS, token));
    times[kind].push(performance.now() - startedAt);
  };
  const cpuBefore = await cpuSeconds();
  for (const until = Date.now() + PERIOD_MS; Date.now() < until; await sleep(B_PAUSE_MS)) {
    await timed('remembered', remembered);
    await timed('first', b.issue());
    await timed('jwt', stack.token());
  }
  const cpu = (await cpuSeconds()) - cpuBefore;
  figures[name] = {
    'B remembered p50 ms': median(times.remembered),
    'B first sight p50 ms': median(times.first),
    'JWT first sight p50 ms': median(times.jwt),
    'B checks': outcomes.length,
  };
  return { outcomes, cpu };
}

async function cpuSeconds(): Promise<number> {
  const reply = await fetch(`${stack.gatehouse.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${stack.gatehouse.adminToken}` },
  });
  return Number(/^process_cpu_seconds_total (\S+)$/m.exec(await reply.text())?.[1]);
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other);
  return Math.round((sorted[sorted.length >> 1] ?? 0) * 100) / 100;
}

function note(name: string, more: object): void {
  figures[name] = { ...figures[name], ...more };
}

test('without A: B is right', async () => {
  // A process that has just started is slow for reasons of its own.
  await measureB('warm-up');
  delete figures['warm-up'];
  const { outcomes, cpu } = await measureB('without A');
  expect(tally(outcomes)).toEqual({ allow: outcomes.length });
  note('without A', { 'CPU ms per check': round((cpu * 1000) / outcomes.length) });
});

test.each([
  ['its port answers no SYN', () => `http://127.0.0.1:${deaf.port}/introspect`],
  ['its name server never answers', () => `http://${LOST_NAME}:9/introspect`],
  ['its TLS handshake never ends', () => `https://127.0.0.1:${mute.port}/introspect`],
  ['it takes the request and never replies', () => `http://127.0.0.1:${mute.port}/introspect`],
])(
  'A: %s, at twice its limits: B is always right, A is a fault, and at once over the limit',
  async (what, endpoint) => {
    const id = await createA(endpoint());
    const end = loadA();
    await sleep(500);
    const ofB = await measureB(what);
    const ofA = await end();
    expect((await stack.admin('DELETE', `${KEY_MANAGERS}/${id}?force=true`)).status).toBe(200);
    const checked = ofB.outcomes.length + ofA.outcomes.length;
    note(what, {
      'CPU ms per check': round((ofB.cpu * 1000) / checked),
      'A checks': ofA.outcomes.length,
      'A over limit p50 ms': median(ofA.overLimitMs),
    });
    console.log(`A (${what}):`, tally(ofA.outcomes), 'B:', tally(ofB.outcomes));
    expect(tally(ofB.outcomes)).toEqual({ allow: ofB.outcomes.length });
    expect(Object.keys(tally(ofA.outcomes)).filter((outcome) => !FAULTS.includes(outcome))).toEqual([]);
    // Over the limit or with the breaker open nobody waits.
    expect(ofA.outcomes.length).toBeGreaterThan(2 * LIMITS.concurrency);
  },
);

test('ten key managers whose name server never answers leave B as it was', async () => {
  const lost = Array.from({ length: 10 }, (_, at) => `lost-${at}.example`);
  for (const name of lost) names.names.set(name, { kind: 'silent' });
  const ids: string[] = [];
  for (const [at, name] of lost.entries())
    ids.push(
      await createA(`http://${name}:9/introspect`, {
        name: `Lost${at}`,
        tokenValidation: [{ type: 'REFERENCE', value: `^lost${at}z[0-9]+$` }],
      }),
    );
  let running = true;
  let sent = 0;
  const outcomes: string[] = [];
  const load = Promise.all(
    lost.map(async (_name, at) => {
      while (running) {
        outcomes.push(await aChecks.outcome(ORDERS, `lost${at}z${sent++}`));
        await sleep(50);
      }
    }),
  );
  const ofB = await measureB('ten without DNS');
  running = false;
  await load;
  for (const id of ids) await stack.admin('DELETE', `${KEY_MANAGERS}/${id}?force=true`);
  console.log('ten key managers without DNS:', tally(outcomes), 'B:', tally(ofB.outcomes));
  expect(tally(ofB.outcomes)).toEqual({ allow: ofB.outcomes.length });
  expect(outcomes.filter((outcome) => !FAULTS.includes(outcome))).toEqual([]);
});

test('the key set of A hangs: its tokens are faults, B and the JWTs of others pass', async () => {
  const id = await createA('http://127.0.0.1:9/introspect', {
    ...keyManagerDto('A', stack.partner),
    issuer: 'https://a.example',
    certificates: { type: 'JWKS', value: `http://127.0.0.1:${mute.port}/jwks` },
  });
  const outcomes: string[] = [];
  const load = Promise.all(
    Array.from({ length: 40 }, async (_, at) => {
      const token = stack.partner.mint({ iss: 'https://a.example', azp: 'shop', jti: `a${at}` });
      outcomes.push(await aChecks.outcome(ORDERS, token));
    }),
  );
  const ofB = await measureB('key set hangs');
  await load;
  console.log('a hanging key set:', tally(outcomes), 'B:', tally(ofB.outcomes));
  expect(tally(ofB.outcomes)).toEqual({ allow: ofB.outcomes.length });
  expect(outcomes).not.toContain('allow');
  await stack.admin('DELETE', `${KEY_MANAGERS}/${id}?force=true`);
});

test('A comes back: its tokens pass again without anybody doing anything', async () => {
  const a = await startIntrospection({ prefix: 'aa' });
  stops.push(a.close);
  a.fault({ kind: 'hang' });
  await createA(a.url);
  const end = loadA();
  await sleep(1_500);
  await end();
  a.fault(undefined);
  const back = performance.now();
  await eventually('a token of A to pass', async () => (await aChecks.outcome(ORDERS, a.issue())) === 'allow');
  console.log(`A's tokens passed ${Math.round(performance.now() - back)} ms after its return`);
});

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
