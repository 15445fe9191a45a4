// Requests at the edge of Envoy's limits (100 headers, 60 KiB, both of the shipped file): what Gatehouse adds counts too. Over the
// limit nobody gets in, by whichever of the two it was noticed, and the access log tells which.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type Stack, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const INVALID = 'http.apis.ext_authz.gatehouse.invalid';

let stack: Stack;
beforeAll(async () => {
  stack = await startStack();
});
afterAll(() => stack?.stop());

const many = (count: number) => Array.from({ length: count }, (_, at) => [`x-h${at}`, 'v'] as const);
const large = (kib: number) => [['x-large', 'a'.repeat(kib * 1024)] as const];

async function outcome(headers: readonly (readonly [string, string])[], token?: string) {
  const before = stack.upstream.received.length;
  const seen = stack.envoy.accessLog().length;
  const { status, body } = await stack.get(MENU, token, headers);
  const line = await eventually('its line in the access log', () => stack.envoy.accessLog()[seen]);
  return { status, body, passed: stack.upstream.received.length - before, details: line['details'], line };
}

describe('a request that may pass', () => {
  test.each([
    ['75 headers', many(75)],
    ['55 KiB of headers', large(55)],
  ])('passes with %s', async (_what, headers) => {
    expect(await outcome(headers, stack.token())).toMatchObject({ status: 200, passed: 1 });
  });

  test('is refused by Envoy when the identity headers put it over the limit, and the log says that it was this', async () => {
    const invalid = await stack.envoy.stat(INVALID);
    const { line, ...seen } = await outcome(many(90), stack.token());
    expect(seen).toEqual({ status: 500, body: '', passed: 0, details: 'ext_authz_invalid' });
    expect(line).toMatchObject({ flags: 'UAEX', outcome: 'allow', reason: 'allowed', upstream: null });
    expect(await stack.envoy.stat(INVALID)).toBe(invalid + 1);
  });

  test('never passes over a limit, wherever in between it lies', async () => {
    let over = 0;
    for (let count = 76; count <= 100; count += 3) {
      const { status, passed } = await outcome(many(count), stack.token());
      // Once over, no larger one gets through again.
      if (over > 0) expect(status).not.toBe(200);
      if (status !== 200) over++;
      expect([status, passed]).toEqual(status === 200 ? [200, 1] : [count > 97 ? 431 : 500, 0]);
    }
    expect(over).toBeGreaterThan(0);
  });
});

describe('a request that may not pass', () => {
  test.each([
    ['90 headers', many(90)],
    ['55 KiB of headers', large(55)],
  ])('is denied as ever with %s', async (_what, headers) => {
    for (const token of [undefined, 'x.y.z']) {
      const { status, passed, details } = await outcome(headers, token);
      expect({ status, passed, details }).toEqual({ status: 401, passed: 0, details: 'ext_authz_denied' });
    }
  });
});

describe('a request over the limits from the start', () => {
  test.each([
    ['101 headers', many(101), 'http1.too_many_headers'],
    ['62 KiB of headers', large(62), 'http1.headers_too_large'],
  ])('with %s is answered 431 by Envoy, and Gatehouse is not asked', async (_what, headers, details) => {
    const { line, ...seen } = await outcome(headers, stack.token());
    expect(seen).toMatchObject({ status: 431, passed: 0, details });
    expect(line['decision_id']).toBeNull();
  });
});

describe('a credential', () => {
  test.each([
    ['larger than any token', 20 * 1024],
    ['as large as Envoy lets through', 55 * 1024],
  ])('%s: 401', async (_what, bytes) => {
    const { status, passed, line } = await outcome([], 'a'.repeat(bytes));
    expect([status, passed, line['reason']]).toEqual([401, 0, 'token_too_large']);
  });

  test('of a dozen KiB is still taken', async () => {
    const token = stack.token('shop', { padding: 'a'.repeat(9 * 1024) });
    expect(await outcome([], token)).toMatchObject({ status: 200, passed: 1 });
  });
});
