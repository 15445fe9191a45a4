// The wall clock of a running Gatehouse jumps by an hour and back: each token is held against the clock of its request, remembered or
// not, and nothing stays stuck.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { type Checks, checksOf } from './checks.ts';
import { introspectingDto } from './introspecting-key-manager.ts';
import { type Stack, startStack } from './stack.ts';

const ORDERS = '/orders/1.0.0/list';
const HOUR_MS = 3_600_000;
const PROBE = new URL('../rig/moved-clock-probe.ts', import.meta.url).href;

const folder = mkdtempSync(join(tmpdir(), 'gatehouse-clock-'));
const offsetFile = join(folder, 'offset');
let stack: Stack;
let checks: Checks;
let opaque: IntrospectionServer;
beforeAll(async () => {
  writeFileSync(offsetFile, '0');
  opaque = await startIntrospection({ prefix: 'op' });
  stack = await startStack({
    env: { NODE_OPTIONS: `--import=${PROBE}`, CLOCK_OFFSET_FILE: offsetFile },
    editCatalog: ({ keyManagers }) => {
      keyManagers.push(introspectingDto('OpaqueKM', opaque, 'op'));
    },
  });
  checks = checksOf(stack.gatehouse);
});
afterAll(async () => {
  checks?.close();
  await stack?.stop();
  await opaque?.close();
  rmSync(folder, { recursive: true, force: true });
});

const outcome = (token: string) => checks.outcome(ORDERS, token);
const mint = (fromMinutes: number, toMinutes: number) => {
  const now = Math.floor(Date.now() / 1000);
  return stack.partner.mint({ azp: 'shop', iat: now + fromMinutes * 60, exp: now + toMinutes * 60 });
};

/** Moves the clock and waits until it is so, which a token that is good then alone tells. */
async function moveClock(ms: number): Promise<void> {
  writeFileSync(offsetFile, String(ms));
  const minutes = ms / 60_000;
  await eventually('the clock to jump', async () => (await outcome(mint(minutes - 5, minutes + 5))) === 'allow');
}

test('an hour ahead, an hour behind, and back: no expired token passes by a remembered answer, and good ones pass at once', async () => {
  const short = mint(-1, 30);
  const long = mint(-90, 90);
  const expired = mint(-50, -20);
  const token = opaque.issue({
    exp: Math.floor(Date.now() / 1000) + 90 * 60,
    iat: Math.floor(Date.now() / 1000) - 90 * 60,
  });
  const all = async () => [await outcome(short), await outcome(long), await outcome(expired), await outcome(token)];
  expect(await all()).toEqual(['allow', 'allow', 'token_expired', 'allow']);
  await moveClock(HOUR_MS);
  expect(await all()).toEqual(['token_expired', 'allow', 'token_expired', 'allow']);
  await moveClock(-HOUR_MS);
  // By that clock the short one is not issued yet and the expired one has not begun either.
  expect(await all()).toEqual(['token_not_yet_valid', 'allow', 'token_not_yet_valid', 'allow']);
  await moveClock(0);
  expect(await all()).toEqual(['allow', 'allow', 'token_expired', 'allow']);
});

test('what an admin writes during a jump is in force after it', async () => {
  await moveClock(HOUR_MS);
  const jwt = mint(-90, 120);
  expect(await outcome(jwt)).toBe('allow');
  expect((await stack.admin('POST', '/revocations', { kind: 'token', token: jwt })).status).toBe(201);
  expect(await outcome(jwt)).toBe('token_revoked');
  await moveClock(0);
  expect(await outcome(jwt)).toBe('token_revoked');
  expect(await outcome(mint(-1, 10))).toBe('allow');
});
