// How each supported Envoy tells a client that there is no verdict, for each way that Gatehouse can say so, and what a filter that
// fails open would let in: the shipped one never does.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ENVOY_VERSION, OLDER_ENVOY_VERSIONS } from '../../scripts/envoy-tool.ts';
import type { EnvoyConfig } from '../rig/envoy-config.ts';
import { freePort } from '../rig/free-port.ts';
import { type GatehouseProcess, startGatehouse } from '../rig/gatehouse-process.ts';
import { type KeyManagerServer, PATHS, startKeyManager } from '../rig/key-manager-server.ts';
import { type AnotherEnvoy, startAnotherEnvoy } from './another-envoy.ts';
import { keyManagerDto, type Stack, startStack, valuesOf } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';
/** Envoy adds it where it lets a request pass without a verdict. */
const FAILED_OPEN = 'x-envoy-auth-failure-mode-allowed';
const WAYS = ['denied', 'error_response', 'grpc'] as const;
type Way = (typeof WAYS)[number];

/** What Envoy counts, and what the client gets: Gatehouse's own body, or a bare status. */
const EXPECTED: Readonly<Record<Way, { status: number; own: boolean; counted: 'denied' | 'error' }>> = {
  denied: { status: 503, own: true, counted: 'denied' },
  error_response: { status: 503, own: true, counted: 'error' },
  grpc: { status: 503, own: false, counted: 'error' },
};
/** 1.36 does not know the field and sees a denial that says nothing. */
const ERROR_RESPONSE_BEFORE_1_37 = { status: 403, own: false, counted: 'denied' } as const;

let stack: Stack;
let dark: KeyManagerServer;
const others: GatehouseProcess[] = [];
const ports = new Map<Way, number>();
beforeAll(async () => {
  dark = await startKeyManager();
  // It never gave its keys, so its tokens can neither be taken nor refused.
  dark.fault(PATHS.jwks, { kind: 'status', status: 500 });
  stack = await startStack({
    editCatalog: ({ keyManagers }) => keyManagers.push(keyManagerDto('DarkKM', dark)),
  });
  for (const onFault of WAYS) {
    const other = await startGatehouse({ catalogFile: stack.catalogFile, settings: { extauthz: { onFault } } });
    others.push(other);
    ports.set(onFault, Number(other.endpoints[0]));
  }
});
afterAll(async () => {
  for (const other of others) await other.stop();
  await stack?.stop();
  await dark?.close();
});

const failOpen = ({ extAuthz }: EnvoyConfig) => {
  extAuthz['failure_mode_allow'] = true;
  extAuthz['failure_mode_allow_header_add'] = true;
};
const bearer = (token: string) => ['authorization', `Bearer ${token}`] as const;
const darkToken = () => bearer(dark.mint({ azp: 'shop' }));

const versions = [ENVOY_VERSION, ...OLDER_ENVOY_VERSIONS];
const cases = versions.flatMap((version) => WAYS.map((way) => ({ version, way })));

describe.each(cases)('a fault told as $way to Envoy $version', ({ version, way }) => {
  const expected = way === 'error_response' && version.startsWith('1.36.') ? ERROR_RESPONSE_BEFORE_1_37 : EXPECTED[way];
  let closed: AnotherEnvoy;
  let open: AnotherEnvoy;
  beforeAll(async () => {
    const gatehousePort = ports.get(way) ?? 0;
    closed = await startAnotherEnvoy(stack, { version, gatehousePort });
    open = await startAnotherEnvoy(stack, { version, gatehousePort, edit: failOpen });
  });
  afterAll(async () => {
    await closed?.envoy.stop();
    await open?.envoy.stop();
  });

  test(`is ${expected.status} to the client ${expected.own ? 'in our own words' : 'and no more'}`, async () => {
    const stat = (name: string) => closed.envoy.stat(`http.apis.ext_authz.gatehouse.${name}`);
    const reached = stack.upstream.received.length;
    const reply = await closed.send({ path: ORDERS, headers: [darkToken()] });
    expect(reply.status).toBe(expected.status);
    if (expected.own) expect(JSON.parse(reply.body)).toMatchObject({ code: '900900' });
    else expect(reply.body).toBe('');
    expect(reply.header('retry-after')).toBe(expected.own ? '1' : undefined);
    expect(reply.header('www-authenticate')).toBeUndefined();
    expect(stack.upstream.received.length).toBe(reached);
    expect([await stat('denied'), await stat('error')]).toEqual(expected.counted === 'denied' ? [1, 0] : [0, 1]);
  });

  test('says why in the access log, unless there is no response that could', async () => {
    await closed.send({ path: ORDERS, headers: [darkToken()] });
    const line = await closed.envoy.loggedRequest(({ path }) => path === ORDERS);
    const known = { outcome: 'fault', reason: 'key_set_unavailable', code: '900900', key_manager: 'DarkKM' };
    expect(line).toMatchObject({ flags: 'UAEX', ...(way === 'grpc' ? { decision_id: null, outcome: null } : known) });
  });

  test('changes nothing about verdicts', async () => {
    const allowed = await closed.send({ path: MENU, headers: [bearer(stack.token())] });
    const denied = await closed.send({ path: MENU, headers: [bearer(stack.token('visitor'))] });
    expect([allowed.status, denied.status]).toEqual([200, 403]);
    expect(JSON.parse(denied.body)).toMatchObject({ code: '900908' });
  });

  test('with failure_mode_allow lets in exactly what Envoy counts as an error, and marks it', async () => {
    const reached = stack.upstream.received.length;
    const { status } = await open.send({ path: ORDERS, headers: [darkToken()] });
    const passes = expected.counted === 'error';
    expect(status).toBe(passes ? 200 : expected.status);
    expect(stack.upstream.received.length).toBe(reached + (passes ? 1 : 0));
    if (passes) expect(valuesOf(stack.upstream.received.at(-1), FAILED_OPEN)).toEqual(['true']);
    expect((await open.send({ path: MENU })).status).toBe(401);
  });
});

describe.each(versions)('without a Gatehouse, Envoy %s', (version) => {
  const request = { path: MENU, headers: [[FAILED_OPEN, 'forged'] as const] };

  async function ask(edit?: (config: EnvoyConfig) => void) {
    const reached = stack.upstream.received.length;
    const front = await startAnotherEnvoy(stack, { version, gatehousePort: await freePort(), ...(edit && { edit }) });
    try {
      const { status } = await front.send(request);
      return { status, arrived: stack.upstream.received.slice(reached) };
    } finally {
      await front.envoy.stop();
    }
  }

  test('lets nobody in as shipped: 503', async () => {
    expect(await ask()).toEqual({ status: 503, arrived: [] });
  });

  test('lets everybody in with failure_mode_allow, even without a token, and marks them', async () => {
    const { status, arrived } = await ask(failOpen);
    expect(status).toBe(200);
    expect(arrived.map((seen) => valuesOf(seen, FAILED_OPEN))).toEqual([['true']]);
  });
});

test('as shipped, a mark that a client forges does not arrive', async () => {
  const reply = await stack.get(MENU, stack.token(), [[FAILED_OPEN, 'true']]);
  expect(reply.status).toBe(200);
  expect(valuesOf(stack.upstream.received.at(-1), FAILED_OPEN)).toEqual([]);
});
