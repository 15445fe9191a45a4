// Floods of tokens that nobody signed: key managers are not made to suffer for them, and good tokens go on passing. What was counted
// is printed.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { makeSigningKey, signJwt } from '../rig/signing-key.ts';
import { type Checks, checksOf, tally } from './checks.ts';
import { introspectingDto } from './introspecting-key-manager.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';
const FLOOD = 500;
/** The shortest there is, so that some pass during a flood. */
const COOLDOWN_MS = 100;
const AT_ONCE = 20;

/** A refusal right after a good fetch; else it cannot be told. */
const KEY_UNKNOWN = [
  'key_not_found',
  'key_set_refreshing',
  'key_set_unavailable',
  'deadline_exceeded',
  'key_manager_limit_reached',
];

let stack: Stack;
let checks: Checks;
let opaque: IntrospectionServer;
beforeEach(async () => {
  opaque = await startIntrospection({ prefix: 'op' });
  stack = await startStack({
    settings: { keySets: { cooldownMs: COOLDOWN_MS } },
    editCatalog: ({ keyManagers }) => {
      keyManagers.push(introspectingDto('OpaqueKM', opaque, 'op'));
    },
  });
  checks = checksOf(stack.gatehouse);
});
afterEach(async () => {
  checks?.close();
  await stack?.stop();
  await opaque?.close();
});

/** So many questions, some at once; their outcomes and the time it took. */
async function flood(questions: number, ask: (at: number) => Promise<string>) {
  const outcomes: string[] = [];
  const startedAt = performance.now();
  for (let at = 0; at < questions; at += AT_ONCE)
    outcomes.push(...(await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => ask(at + index)))));
  return { outcomes: tally(outcomes), ms: Math.round(performance.now() - startedAt) };
}

const forged = makeSigningKey();
/** A token of PartnerKM under a key id that nobody has seen. */
const ofRandomKey = (at: number) => stack.partner.mint({ azp: 'shop' }, { key: { ...forged, kid: `kid-${at}` } });

test.each([
  ['answers 500', { kind: 'status', status: 500 } as const],
  ['answers garbage', { kind: 'garbage', body: '<html>' } as const],
  ['hangs', { kind: 'hang' } as const],
  ['is well', undefined],
])(
  `${FLOOD} random kids while the JWKS URL %s: fetches are bounded by the cool-down, and good tokens pass`,
  async (what, fault) => {
    const good = stack.token();
    expect(await checks.outcome(MENU, good)).toBe('allow');
    stack.partner.fault(PATHS.jwks, fault);
    await sleep(2 * COOLDOWN_MS);
    const before = stack.partner.requests(PATHS.jwks);
    const { outcomes, ms } = await flood(FLOOD, (at) => checks.outcome(MENU, ofRandomKey(at)));
    const fetches = stack.partner.requests(PATHS.jwks) - before;
    console.log(`${FLOOD} random kids while the JWKS URL ${what}: ${fetches} fetches in ${ms} ms, outcomes`, outcomes);
    expect(fetches).toBeLessThanOrEqual(2 + Math.ceil(ms / COOLDOWN_MS));
    expect(Object.keys(outcomes).filter((outcome) => !KEY_UNKNOWN.includes(outcome))).toEqual([]);
    expect(await checks.outcome(MENU, good)).toBe('allow');
    expect(await checks.outcome(MENU, stack.token())).toBe('allow');
  },
);

test(`${FLOOD} random kids while no key was ever fetched: fetches are bounded, and a good token passes afterwards`, async () => {
  const fresh = await startKeyManager();
  onTestFinished(() => fresh.close());
  fresh.fault(PATHS.jwks, { kind: 'status', status: 500 });
  expect((await stack.admin('POST', KEY_MANAGERS, keyManagerDto('FreshKM', fresh))).status).toBe(201);
  const ofFresh = (at: number) => fresh.mint({ azp: 'shop' }, { key: { ...forged, kid: `kid-${at}` } });
  const { outcomes, ms } = await flood(FLOOD, (at) => checks.outcome(ORDERS, ofFresh(at)));
  const fetches = fresh.requests(PATHS.jwks);
  console.log(`${FLOOD} random kids without any key: ${fetches} fetches in ${ms} ms, outcomes`, outcomes);
  expect(fetches).toBeLessThanOrEqual(2 + Math.ceil(ms / COOLDOWN_MS));
  expect(Object.keys(outcomes).filter((outcome) => !KEY_UNKNOWN.includes(outcome))).toEqual([]);
  fresh.fault(PATHS.jwks, undefined);
  const good = async () => (await checks.outcome(ORDERS, fresh.mint({ azp: 'shop' }))) === 'allow';
  await eventually('a good token to pass', good);
});

test(`${FLOOD} random issuers: nobody is contacted`, async () => {
  const counts = () => [stack.partner, stack.staff].map((server) => server.requests(PATHS.jwks));
  await eventually('the first fetches', () => counts().every((count) => count > 0));
  const before = counts();
  const { outcomes } = await flood(FLOOD, (at) =>
    checks.outcome(ORDERS, signJwt(forged, { iss: `${stack.partner.url}/${at}`, azp: 'shop', exp: 4e9 })),
  );
  console.log(`${FLOOD} random issuers: outcomes`, outcomes, 'introspections', opaque.requests());
  expect(outcomes).toEqual({ issuer_unknown: FLOOD });
  expect(counts()).toEqual(before);
  expect(opaque.requests()).toBe(0);
});

test(`${FLOOD} random signatures under a known key: nothing is fetched, none passes`, async () => {
  expect(await checks.outcome(MENU, stack.token())).toBe('allow');
  const before = stack.partner.requests(PATHS.jwks);
  const key = { ...forged, kid: stack.partner.keys[0]?.kid ?? '' };
  const { outcomes } = await flood(FLOOD, () => checks.outcome(MENU, stack.partner.mint({ azp: 'shop' }, { key })));
  console.log(`${FLOOD} random signatures: outcomes`, outcomes);
  expect(Object.keys(outcomes)).not.toContain('allow');
  expect(stack.partner.requests(PATHS.jwks)).toBe(before);
  expect(await checks.outcome(MENU, stack.token())).toBe('allow');
});

test(`${FLOOD} texts that no rule claims: nobody is asked about them`, async () => {
  const { outcomes } = await flood(FLOOD, (at) => checks.outcome(ORDERS, `zz${at}`));
  console.log(`${FLOOD} unclaimed opaque tokens: outcomes`, outcomes);
  expect(outcomes).toEqual({ opaque_token_not_claimed: FLOOD });
  expect(opaque.requests()).toBe(0);
});

test('one bad opaque token many times at once: it is asked about once while the refusal is remembered', async () => {
  const { outcomes } = await flood(100, () => checks.outcome(ORDERS, 'opnobody'));
  console.log('one bad opaque token 100 times: introspections', opaque.requests(), outcomes);
  expect(outcomes).toEqual({ token_inactive: 100 });
  expect(opaque.requests()).toBeLessThanOrEqual(2);
});

test('one good opaque token many times at once: one introspection', async () => {
  const token = opaque.issue();
  const { outcomes } = await flood(100, () => checks.outcome(ORDERS, token));
  expect(outcomes).toEqual({ allow: 100 });
  expect(opaque.requests()).toBe(1);
});

test(`${FLOOD} random opaque tokens that a rule claims: the token bucket bounds what the key manager sees, and known ones go on`, async () => {
  const known = opaque.issue();
  expect(await checks.outcome(ORDERS, known)).toBe('allow');
  const { outcomes, ms } = await flood(3 * FLOOD, (at) => checks.outcome(ORDERS, `op${at}nobody`));
  console.log(`${3 * FLOOD} random opaque tokens: ${opaque.requests()} introspections in ${ms} ms, outcomes`, outcomes);
  expect(
    Object.keys(outcomes).filter((name) => !['token_inactive', 'key_manager_limit_reached'].includes(name)),
  ).toEqual([]);
  // Burst and rate of config/gatehouse.yaml.
  expect(opaque.requests()).toBeLessThanOrEqual(401 + Math.ceil((ms / 1000) * 200));
  expect(await checks.outcome(ORDERS, known)).toBe('allow');
});
