// Whatever an admin changes rules the very next request: hundreds of changes under load, each followed by one request through the gRPC
// port of each worker, and not one answer of the time before.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Load, startLoad } from '../rig/http-load.ts';
import { type IntrospectionServer, startIntrospection } from '../rig/introspection-server.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { BUT, type Checks, checksOfAll, tally } from './checks.ts';
import { introspectingDto, introspectionClient } from './introspecting-key-manager.ts';
import { type AdminReply, keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const PUBLISHER = '/api/am/publisher/v4';
const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';
const ROUNDS = 25;
const SUBJECT = 'somebody';
const CLIENT = 'client-of-third';

let stack: Stack;
let checks: Omit<Checks, 'check'>;
let third: KeyManagerServer;
let opaque: IntrospectionServer;
let thirdId: string;
let opaqueId: string;
let load: Load;
const stops: (() => unknown)[] = [];

async function create(dto: object): Promise<string> {
  const made = await stack.admin('POST', KEY_MANAGERS, dto);
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return (made.body as { id: string }).id;
}

async function put(id: string, dto: object): Promise<void> {
  const reply = await stack.admin('PUT', `${KEY_MANAGERS}/${id}`, dto);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
}

/** Does and undoes in turn; after each one request must come out as the change says. */
async function rounds(
  what: string,
  token: () => string,
  change: () => Promise<unknown>,
  refused: string,
  undo: (changed: unknown) => Promise<unknown>,
  { path = ORDERS, orRefused = refused } = {},
): Promise<void> {
  const outcomes: string[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    // Remembered, so that a stale answer is at hand.
    const remembered = token();
    outcomes.push(`before: ${await checks.outcome(path, remembered)}`);
    const changed = await change();
    const outcome = await checks.outcome(path, remembered);
    outcomes.push(
      `changed: ${outcome.split(BUT).every((one) => one === refused || one === orRefused) ? refused : outcome}`,
    );
    await undo(changed);
    outcomes.push(`undone: ${await checks.outcome(path, remembered)}`);
  }
  const counts = tally(outcomes);
  console.log(`${what}:`, counts);
  expect(counts).toEqual({ 'before: allow': ROUNDS, [`changed: ${refused}`]: ROUNDS, 'undone: allow': ROUNDS });
}

const ofThird = () => third.mint({ azp: CLIENT, sub: SUBJECT });

/** What an entry of each kind names in a token of ThirdKM. */
const entries: readonly (readonly [string, (token: string) => object])[] = [
  ['jti', (token) => ({ kind: 'jti', value: String(claimsOf(token)['jti']) })],
  ['token', (token) => ({ kind: 'token', token })],
  ['consumer_key', () => ({ kind: 'consumer_key', value: CLIENT })],
  ['subject', () => ({ kind: 'subject', value: SUBJECT })],
  ['subject, issued before a time to come', () => ({ kind: 'subject', value: SUBJECT, issuedBefore: inAnHour() })],
  ['kid', () => ({ kind: 'kid', value: third.keys[0]?.kid })],
  ['key_manager', () => ({ kind: 'key_manager', value: thirdId })],
];

describe.each([1, 3])('workers: %i;', (workers) => {
  beforeAll(async () => {
    third = await startKeyManager();
    opaque = await startIntrospection({ prefix: 'op' });
    stops.push(third.close, opaque.close);
    stack = await startStack({
      ...(workers > 1 && { envoyFile: 'envoy-workers.yaml' as const }),
      settings: { workers },
      editCatalog: ({ applications }) => {
        const subscriptions = [{ api: 'Pizza', version: '1.0.0', policy: 'Gold', state: 'UNBLOCKED' }];
        applications.push({
          name: 'Third',
          owner: 'theo',
          keys: [{ keyManager: 'PartnerKM', consumerKey: CLIENT }],
          subscriptions,
        });
      },
    });
    expect(stack.gatehouse.endpoints).toHaveLength(workers);
    checks = checksOfAll(stack.gatehouse);
    stops.push(stack.stop, checks.close);
    thirdId = await create(keyManagerDto('ThirdKM', third));
    opaqueId = await create(introspectingDto('OpaqueKM', opaque, 'op'));
    // What nobody changes passes all the time.
    const known = Array.from({ length: 20 }, () => stack.token());
    let sent = 0;
    const token = () => (sent++ % 5 === 0 ? stack.token() : (known[sent % known.length] ?? ''));
    load = startLoad({ port: stack.envoy.port, path: MENU, token, connections: 4 });
    stops.push(load.stop);
  });
  afterAll(async () => {
    for (const stop of stops.splice(0).reverse()) await stop();
  });

  test('PUT with enabled false, and true again', async () => {
    const dto = keyManagerDto('ThirdKM', third);
    await rounds(
      'disabled',
      ofThird,
      () => put(thirdId, { ...dto, enabled: false }),
      'key_manager_disabled',
      () => put(thirdId, dto),
    );
  });

  test('DELETE by force, and a POST of the same again', async () => {
    await rounds(
      'deleted',
      ofThird,
      () => stack.admin('DELETE', `${KEY_MANAGERS}/${thirdId}?force=true`),
      'issuer_unknown',
      async () => {
        thirdId = await create(keyManagerDto('ThirdKM', third));
      },
    );
  });

  test('PUT with another issuer', async () => {
    const dto = keyManagerDto('ThirdKM', third);
    await rounds(
      'issuer changed',
      ofThird,
      () => put(thirdId, { ...dto, issuer: 'https://moved.example' }),
      'issuer_unknown',
      () => put(thirdId, dto),
    );
  });

  test('PUT with other keys', async () => {
    const dto = keyManagerDto('ThirdKM', third);
    const others = { type: 'JWKS', value: `${stack.staff.url}/jwks` };
    await rounds(
      'keys changed',
      ofThird,
      () => put(thirdId, { ...dto, certificates: others }),
      'key_not_found',
      () => put(thirdId, dto),
      // A fetch settles the matter only for the token that it was made for, and it may have been another worker's, or nobody's: keys
      // of new settings are fetched within a second though no token asks.
      { orRefused: 'key_set_refreshing' },
    );
  });

  test('PUT with an audience that the token does not have', async () => {
    const dto = keyManagerDto('ThirdKM', third);
    await rounds(
      'audience demanded',
      () => third.mint({ azp: CLIENT, aud: 'one' }),
      () => put(thirdId, { ...dto, additionalProperties: { audience: 'another' } }),
      'key_manager_audience_mismatch',
      () => put(thirdId, dto),
    );
  });

  test('PUT with a wrong secret, and the right one again: the next question is asked with it', async () => {
    const outcomes: string[] = [];
    const ask = async () => outcomes.push(await checks.outcome(ORDERS, opaque.issue()));
    const additionalProperties = introspectionClient('wrong');
    for (let round = 0; round < ROUNDS; round++) {
      await put(opaqueId, introspectingDto('OpaqueKM', opaque, 'op', { additionalProperties }));
      await ask();
      await put(opaqueId, introspectingDto('OpaqueKM', opaque, 'op'));
      await ask();
    }
    console.log('secret changed:', tally(outcomes));
    expect(tally(outcomes)).toEqual({ introspection_unavailable: ROUNDS, allow: ROUNDS });
  });

  test('PUT with a rule that claims other tokens', async () => {
    await rounds(
      'rule changed',
      () => opaque.issue(),
      () => put(opaqueId, introspectingDto('OpaqueKM', opaque, 'other')),
      'opaque_token_not_claimed',
      () => put(opaqueId, introspectingDto('OpaqueKM', opaque, 'op')),
    );
  });

  test('a subscription that is blocked, and unblocked', async () => {
    const pizza = listOf(await stack.admin('GET', `${PUBLISHER}/apis`)).find(({ name }) => name === 'Pizza');
    const all = listOf(await stack.admin('GET', `${PUBLISHER}/subscriptions?apiId=${pizza?.['id']}`));
    const third = all.find(({ applicationInfo }) => (applicationInfo as { name: string }).name === 'Third');
    const id = String(third?.['subscriptionId']);
    await rounds(
      'subscription blocked',
      () => stack.partner.mint({ azp: CLIENT, sub: SUBJECT, scope: 'read' }),
      () => changeState('block', `${id}&blockState=BLOCKED`),
      'subscription_blocked',
      () => changeState('unblock', id),
      { path: MENU },
    );
  });

  test.each(entries)('a revocation by %s, and its lifting', async (what, entryOf) => {
    let current = '';
    await rounds(
      `revoked by ${what}`,
      () => {
        current = ofThird();
        return current;
      },
      () => revoke(entryOf(current)),
      'token_revoked',
      (id) => lift(id),
    );
  });

  test('a revocation of an opaque token, and its lifting', async () => {
    let current = '';
    await rounds(
      'opaque token revoked',
      () => {
        current = opaque.issue();
        return current;
      },
      () => revoke({ kind: 'token', token: current }),
      'token_revoked',
      (id) => lift(id),
    );
  });

  test('WSO2’s notify: the token is refused with the next request', async () => {
    const outcomes: string[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const token = ofThird();
      outcomes.push(await checks.outcome(ORDERS, token));
      const event = {
        ...{ type: 'token_revocation', accessToken: claimsOf(token)['jti'], tokenType: 'JWT', tenantId: -1234 },
        ...{ expiryTime: Number(claimsOf(token)['exp']) * 1000, eventId: `event-${round}` },
      };
      expect((await stack.admin('POST', '/internal/data/v1/notify', event)).status).toBe(200);
      outcomes.push(await checks.outcome(ORDERS, token));
    }
    console.log('notified:', tally(outcomes));
    expect(tally(outcomes)).toEqual({ allow: ROUNDS, token_revoked: ROUNDS });
  });

  test('a revocation by subject with a time leaves later tokens alone', async () => {
    const id = await revoke({
      kind: 'subject',
      value: SUBJECT,
      issuedBefore: new Date(Date.now() - 60_000).toISOString(),
    });
    expect(await checks.outcome(ORDERS, third.mint({ sub: SUBJECT, iat: seconds(-120) }))).toBe('token_revoked');
    expect(await checks.outcome(ORDERS, third.mint({ sub: SUBJECT, iat: seconds(-1) }))).toBe('allow');
    // Of unknown time counts as before.
    expect(await checks.outcome(ORDERS, third.mint({ sub: SUBJECT, iat: undefined }))).toBe('token_revoked');
    await lift(id);
  });

  test('a key revoked by its kid while its key manager is disabled, so that nobody knows the key, stays refused under any name', async () => {
    const dto = keyManagerDto('ThirdKM', third);
    await put(thirdId, { ...dto, enabled: false });
    const id = await revoke({ kind: 'kid', value: third.keys[0]?.kid });
    await put(thirdId, dto);
    expect(await checks.outcome(ORDERS, ofThird())).toBe('token_revoked');
    expect(await checks.outcome(ORDERS, third.mint({ sub: SUBJECT }, { header: { kid: undefined } }))).toBe(
      'token_revoked',
    );
    await lift(id);
  });

  test('meanwhile what nobody changed has passed all the time', async () => {
    const counts = await load.stop();
    console.log('replies under load by status:', counts);
    expect(Object.keys(counts)).toEqual(['200']);
  });
});

function listOf({ body }: AdminReply): Record<string, unknown>[] {
  return (body as { list: Record<string, unknown>[] }).list;
}

async function changeState(action: 'block' | 'unblock', query: string): Promise<void> {
  const reply = await stack.admin('POST', `${PUBLISHER}/subscriptions/${action}-subscription?subscriptionId=${query}`);
  expect(reply.status, JSON.stringify(reply.body)).toBe(200);
}

async function revoke(entry: object): Promise<string> {
  const reply = await stack.admin('POST', '/revocations', entry);
  expect(reply.status, JSON.stringify(reply.body)).toBe(201);
  return (reply.body as { id: string }).id;
}

async function lift(id: unknown): Promise<void> {
  expect((await stack.admin('DELETE', `/revocations/${id}`)).status).toBe(200);
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Record<string, unknown>;
}

function inAnHour(): string {
  return new Date(Date.now() + 3_600_000).toISOString();
}

function seconds(from: number): number {
  return Math.floor(Date.now() / 1000) + from;
}
