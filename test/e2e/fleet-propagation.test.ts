// A subscription is blocked at the hub while its followers, behind a real Envoy, are under load: how soon the caller is refused, with
// Redis and without, and that nobody else ever is.

import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, describe, expect, test } from 'vitest';
import { startEchoUpstream } from '../rig/echo-upstream.ts';
import { type EnvoyProcess, startEnvoy } from '../rig/envoy-process.ts';
import { eventually } from '../rig/eventually.ts';
import { startLoad } from '../rig/http-load.ts';
import { type HubFleet, startHubFleet } from '../rig/hub-fleet.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { describeTimes } from '../rig/latency.ts';
import { rawRequest } from '../rig/raw-http.ts';
import { envoyBin, keyManagerDto } from './stack.ts';

const ROUNDS = 25;
/** Envoy takes turns, so this many in a row have been at all followers. */
const IN_A_ROW = 12;
const PATH = '/things/1/list';
const PASSED = '200';
/** As WSO2 answers a blocked subscription. */
const BLOCKED = '401 900907';
const PUBLISHER = '/api/am/publisher/v4';

const stops: (() => unknown)[] = [];
afterEach(async () => {
  for (const stop of stops.splice(0).reverse()) await stop();
});

describe.each([
  { redis: true, name: 'with Redis' },
  { redis: false, name: 'without Redis' },
])('$name', ({ redis, name }) => {
  test('a block at the hub under load: the caller is refused within moments, other applications never are', async () => {
    const { fleet, envoy, server } = await startFleetBehindEnvoy(redis);
    const [token, other] = ['shop', 'other'].map((client) => server.mint({ sub: client, azp: client }));
    const said = () => saidTo(envoy, token);
    const id = await subscriptionOf(fleet, 'Shop');
    const load = startLoad({ port: envoy.port, path: PATH, token: () => other ?? '', connections: 4 });
    stops.push(load.stop);
    const [first, last, unblocked]: [number[], number[], number[]] = [[], [], []];
    for (let round = 0; round < ROUNDS; round++) {
      await inARow(said, PASSED);
      // Both run on: the block is acknowledged in the middle of them.
      let asks = true;
      const replies: { readonly at: number; readonly what: string }[] = [];
      const asking = Promise.all(
        [0, 1].map(async () => {
          while (asks) {
            const what = await said();
            replies.push({ at: performance.now(), what });
            await pause(1);
          }
        }),
      );
      const blocked = await setState(fleet, id, 'block');
      const ackedAt = performance.now();
      expect(blocked.status).toBe(200);
      const refusals = () => replies.slice(-IN_A_ROW).filter(({ what }) => what === BLOCKED).length;
      await eventually('refusals in a row', () => refusals() === IN_A_ROW).finally(() => {
        asks = false;
      });
      await asking;
      const denials = replies.filter(({ what }) => what === BLOCKED);
      const allows = replies.filter(({ what }) => what === PASSED);
      expect(replies.length, JSON.stringify(replies)).toBe(denials.length + allows.length);
      first.push(Math.max(0, (denials[0]?.at ?? 0) - ackedAt));
      last.push(Math.max(0, (allows.at(-1)?.at ?? 0) - ackedAt));
      await setState(fleet, id, 'unblock');
      const unblockedAt = performance.now();
      await inARow(said, PASSED);
      unblocked.push(performance.now() - unblockedAt);
    }
    const counts = await load.stop();
    console.log(
      [
        `${name}, 2 followers behind Envoy, ${ROUNDS} blocks under load (${counts['200']} requests of another application)`,
        `first denial after the hub’s answer: ${describeTimes(first)}`,
        `last allow after it: ${describeTimes(last)}`,
        `${IN_A_ROW} allows in a row after an unblock: ${describeTimes(unblocked)}`,
      ].join('\n'),
    );
    expect(Object.keys(counts), JSON.stringify(counts)).toEqual(['200']);
  });

  test('a block that is answered with ?wait=fleet rules each next request through Envoy', async () => {
    const { fleet, envoy, server } = await startFleetBehindEnvoy(redis);
    const token = server.mint({ sub: 'shop', azp: 'shop' });
    const said = () => saidTo(envoy, token);
    const id = await subscriptionOf(fleet, 'Shop');
    const waits: number[] = [];
    let complete = 0;
    for (let round = 0; round < ROUNDS; round++)
      for (const [action, what] of [['block', BLOCKED] as const, ['unblock', PASSED] as const]) {
        const sentAt = performance.now();
        const { headers } = await setState(fleet, id, action, '&wait=fleet');
        waits.push(performance.now() - sentAt);
        // On a machine that is very busy it may say otherwise, and then promises nothing.
        if (headers.get('x-gatehouse-fleet') !== 'complete') continue;
        complete += 1;
        expect(headers.get('x-gatehouse-fleet-acknowledged')?.split(', ')).toHaveLength(2);
        const next = await Promise.all(Array.from({ length: IN_A_ROW }, said));
        expect(next).toEqual(next.map(() => what));
      }
    console.log(`${name}: writes with ?wait=fleet took ${describeTimes(waits)}; ${complete} were complete`);
    expect(complete).toBeGreaterThan(0);
  });
});

/** The status, and WSO2's code of a refusal. */
async function saidTo(envoy: EnvoyProcess, token: string | undefined): Promise<string> {
  const headers = [['authorization', `Bearer ${token}`]] as const;
  const { status, body } = await rawRequest(envoy.port, { path: PATH, headers });
  if (status === 200) return PASSED;
  // Envoy's own refusal has no body.
  return body === '' ? String(status) : `${status} ${(JSON.parse(body) as { readonly code: string }).code}`;
}

/** Waits for as many replies of this kind in a row as make sure that all followers gave it. */
async function inARow(said: () => Promise<string>, what: string): Promise<void> {
  await eventually(`${IN_A_ROW} times ${what} in a row`, async () => {
    for (let n = 0; n < IN_A_ROW; n++) if ((await said()) !== what) return false;
    return true;
  });
}

function setState(fleet: HubFleet, id: string, action: 'block' | 'unblock', more = '') {
  const state = action === 'block' ? '&blockState=BLOCKED' : '';
  const path = `${PUBLISHER}/subscriptions/${action}-subscription?subscriptionId=${id}${state}${more}`;
  return fleet.hub.admin('POST', path);
}

async function subscriptionOf({ hub }: HubFleet, application: string): Promise<string> {
  const listOf = ({ body }: Awaited<ReturnType<typeof hub.admin>>) =>
    (body as { list: Readonly<Record<string, unknown>>[] }).list;
  const [api] = listOf(await hub.admin('GET', `${PUBLISHER}/apis`));
  const all = listOf(await hub.admin('GET', `${PUBLISHER}/subscriptions?apiId=${api?.['id']}`));
  const found = all.find(({ applicationInfo }) => (applicationInfo as { name: string }).name === application);
  return String(found?.['subscriptionId']);
}

async function startFleetBehindEnvoy(redis: boolean): Promise<{
  readonly fleet: HubFleet;
  readonly envoy: EnvoyProcess;
  readonly server: KeyManagerServer;
}> {
  const server = await startKeyManager({ algorithm: 'ES256' });
  stops.push(server.close);
  const upstream = await startEchoUpstream();
  stops.push(upstream.close);
  const application = (name: string, consumerKey: string) => ({
    ...{ name, owner: 'ann', keys: [{ keyManager: 'KM', consumerKey }] },
    subscriptions: [{ api: 'Things', version: '1' }],
  });
  const operations = [{ verb: 'GET', target: '/list' }];
  const catalog = {
    keyManagers: [keyManagerDto('KM', server)],
    apis: [{ name: 'Things', context: '/things', version: '1', keyManagers: ['KM'], operations }],
    applications: [application('Shop', 'shop'), application('Other', 'other')],
  };
  const fleet = await startHubFleet({ followers: 2, redis, catalog });
  stops.push(fleet.stop);
  for (const follower of fleet.followers) await fleet.inStep(follower);
  const envoy = await startEnvoy({
    bin: await envoyBin(),
    gatehouse: fleet.followers.map(({ checkPort }) => checkPort),
    upstreamPort: upstream.port,
  });
  stops.push(() => envoy.stop());
  return { fleet, envoy, server };
}
