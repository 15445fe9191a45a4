// Outages of Gatehouse and of key managers, seen through a real Envoy: none lets anything in, what was known is still decided, and
// each ends without anybody touching Envoy.

import { afterEach, describe, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import type { GatehouseProcess } from '../rig/gatehouse-process.ts';
import { PATHS } from '../rig/key-manager-server.ts';
import { makeSigningKey } from '../rig/signing-key.ts';
import { type Stack, type StackOptions, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';
const ERRORS = 'http.apis.ext_authz.gatehouse.error';

const stops: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

async function start(options?: StackOptions): Promise<Stack> {
  const stack = await startStack(options);
  stops.push(() => stack.stop());
  return stack;
}

async function startAgain(former: GatehouseProcess): Promise<GatehouseProcess> {
  const gatehouse = await former.again();
  stops.push(() => gatehouse.stop());
  return gatehouse;
}

const statusOf = async (stack: Stack) => (await stack.get(MENU, stack.token())).status;
const passesAgain = (stack: Stack) => eventually('a request to pass', async () => (await statusOf(stack)) === 200);

describe('without Gatehouse', () => {
  test('killed: 503 and nothing reaches the upstream; started again on its port, requests pass through the same Envoy', async () => {
    const stack = await start();
    expect(await statusOf(stack)).toBe(200);
    stack.gatehouse.signal('SIGKILL');
    await stack.gatehouse.exited;

    const before = stack.upstream.received.length;
    for (let at = 0; at < 5; at++) expect(await statusOf(stack)).toBe(503);
    const line = await stack.envoy.loggedRequest(({ status }) => status === 503);
    expect(line).toMatchObject({ flags: expect.stringContaining('UAEX'), details: 'ext_authz_error', upstream: null });
    expect(stack.upstream.received.length).toBe(before);

    await startAgain(stack.gatehouse);
    await passesAgain(stack);
  });

  test('frozen: Envoy ends the wait with 503 and counts one error; thawed, requests pass and the stale check lets nothing in', async () => {
    const stack = await start({ deadlines: 'shipped' });
    await passesAgain(stack);
    const before = stack.upstream.received.length;
    const errors = await stack.envoy.stat(ERRORS);

    stack.gatehouse.signal('SIGSTOP');
    const startedAt = performance.now();
    expect(await statusOf(stack)).toBe(503);
    console.log(`a frozen Gatehouse was answered for after ${Math.round(performance.now() - startedAt)} ms`);
    expect(await stack.envoy.stat(ERRORS)).toBe(errors + 1);
    const line = await stack.envoy.loggedRequest(({ status }) => status === 503);
    expect(line).toMatchObject({ flags: expect.stringContaining('UAEX'), details: 'ext_authz_error' });

    stack.gatehouse.signal('SIGCONT');
    await passesAgain(stack);
    expect(stack.upstream.received.length).toBe(before + 1);
  });
});

describe('without a key manager', () => {
  test('its keys are in use: new tokens of it pass', async () => {
    const stack = await start();
    expect(await statusOf(stack)).toBe(200);
    await stack.partner.close();
    for (let at = 0; at < 5; at++) expect(await statusOf(stack)).toBe(200);
  });

  test('it is gone at the start, and the data folder has its keys: new tokens of it pass', async () => {
    const stack = await start();
    expect(await statusOf(stack)).toBe(200);
    await stack.gatehouse.stop();
    await stack.partner.close();
    await startAgain(stack.gatehouse);
    await passesAgain(stack);
    const forged = stack.partner.mint({ azp: 'shop' }, { key: makeSigningKey('RS256', stack.partner.keys[0]?.kid) });
    expect((await stack.get(MENU, forged)).status).toBe(401);
    // Whether a key that is not known here exists by now cannot be told.
    const rotated = stack.partner.mint({ azp: 'shop' }, { key: stack.partner.rotate() });
    expect((await stack.get(MENU, rotated)).status).toBe(503);
  });

  test('it is gone and nothing is known of it: 503 with Retry-After, never an allow; it comes, and its tokens pass', async () => {
    const stack = await start({ before: ({ partner }) => partner.fault(PATHS.jwks, { kind: 'status', status: 500 }) });
    for (let at = 0; at < 3; at++) {
      const reply = await stack.get(MENU, stack.token());
      expect(reply.status).toBe(503);
      expect(reply.header('retry-after')).toBe('1');
      expect(JSON.parse(reply.body)).toMatchObject({ code: '900900' });
    }
    expect(await stack.envoy.loggedRequest(({ status }) => status === 503)).toMatchObject({
      outcome: 'fault',
      reason: 'key_set_unavailable',
      key_manager: 'PartnerKM',
    });
    expect(stack.upstream.received).toEqual([]);
    stack.partner.fault(PATHS.jwks, undefined);
    await passesAgain(stack);
  });

  test('it hangs: 503 from Gatehouse within its budget, while tokens of the others are decided as ever', async () => {
    const stack = await start({
      // Time enough for the others, and less than Envoy has.
      settings: { extauthz: { budgetMs: 3_000 }, keySets: { timeoutMs: 60_000 } },
      before: ({ partner }) => partner.fault(PATHS.jwks, { kind: 'hang' }),
    });
    const stuck = Promise.all(Array.from({ length: 5 }, () => stack.get(MENU, stack.token())));
    await eventually('the key manager to be asked', () => stack.partner.requests(PATHS.jwks) > 0);
    for (let at = 0; at < 20; at++)
      expect((await stack.get(ORDERS, stack.staff.mint({ azp: `client-${at}` }))).status).toBe(200);
    for (const reply of await stuck) {
      expect(reply.status).toBe(503);
      expect(reply.header('retry-after')).toBe('1');
      expect(JSON.parse(reply.body)).toMatchObject({ code: '900900' });
    }
    const line = await stack.envoy.loggedRequest(({ status }) => status === 503);
    expect(line).toMatchObject({ outcome: 'fault', reason: 'deadline_exceeded' });
    // All were Gatehouse's own answers, and all waited for the one fetch.
    expect(await stack.envoy.stat(ERRORS)).toBe(0);
    expect(stack.partner.requests(PATHS.jwks)).toBe(1);
  });

  test("it hangs, with the deadlines as shipped: the answer is Gatehouse's own, before Envoy gives up", async () => {
    const stack = await start({
      deadlines: 'shipped',
      before: ({ partner }) => partner.fault(PATHS.jwks, { kind: 'hang' }),
    });
    // A busy machine may be late once; that Envoy always gives up first would be the order of the deadlines.
    await eventually('an answer of Gatehouse', async () => {
      const reply = await stack.get(MENU, stack.token());
      expect(reply.status).toBe(503);
      return reply.body !== '' && JSON.parse(reply.body).code === '900900';
    });
    expect(await stack.envoy.loggedRequest(({ reason }) => reason === 'deadline_exceeded')).toMatchObject({
      outcome: 'fault',
      details: expect.stringContaining('ext_authz_denied'),
    });
    expect(stack.upstream.received).toEqual([]);
  });
});
