// Many admin writes while requests are decided: none is decided wrongly, each write rules the very next request, and what the writes
// cost the deciding event loop is printed beside what it costs without them.

import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startLoad } from '../rig/http-load.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { longestHolds, TELLS_LOOP_HOLDS } from '../rig/loop-holds.ts';
import { keyManagerDto, type Stack, startStack } from './stack.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const MENU = '/pizza/1.0.0/menu';
const ORDERS = '/orders/1.0.0/list';
const APIS = 400;
const OTHER_KEY_MANAGERS = 50;
const WRITES = 200;
/** A create and a delete each: 20 writes a second. */
const ROUND_MS = 100;
const WARM_UP_MS = 4_000;
const QUIET_MS = 8_000;

let stack: Stack;
let third: KeyManagerServer;
beforeAll(async () => {
  third = await startKeyManager();
  stack = await startStack({
    env: TELLS_LOOP_HOLDS,
    editCatalog: ({ apis, keyManagers }) => {
      for (let at = 0; at < OTHER_KEY_MANAGERS; at++)
        keyManagers.push({ ...keyManagerDto(`KM${at}`, third), issuer: `https://km-${at}.example` });
      const operations = Array.from({ length: 8 }, (_, at) => ({ verb: 'GET', target: `/r${at}/{id}` }));
      for (let at = 0; at < APIS; at++)
        apis.push({ name: `Api${at}`, context: `/api-${at}`, version: '1', keyManagers: ['all'], operations });
    },
  });
});
afterAll(async () => {
  await stack?.stop();
  await third?.close();
});

const statusOf = async (path: string, token: string) => (await stack.get(path, token)).status;

/** The metric, in milliseconds: of the last minute, the start included. */
async function metricMs(): Promise<number> {
  const reply = await fetch(`${stack.gatehouse.adminUrl}/metrics`, {
    headers: { authorization: `Bearer ${stack.gatehouse.adminToken}` },
  });
  const seconds = /^gatehouse_event_loop_delay_max_seconds (\S+)$/m.exec(await reply.text())?.[1];
  return Math.round(Number(seconds) * 10_000) / 10;
}

/** The longest holds of the loop while `work` goes on. */
async function holdsDuring(work: () => Promise<unknown>) {
  const from = stack.gatehouse.stderr.length;
  await work();
  return longestHolds(stack.gatehouse.stderr.slice(from));
}

test(`${WRITES} admin writes at 20 a second under load: a good token always passes, and each write rules the next request`, async () => {
  const known = Array.from({ length: 20 }, () => stack.token());
  let sent = 0;
  // Mostly tokens that are remembered, and one in ten that has to be proved.
  const token = () => (sent++ % 10 === 0 ? stack.token() : (known[sent % known.length] ?? ''));
  const load = startLoad({ port: stack.envoy.port, path: MENU, token, connections: 8 });
  await sleep(WARM_UP_MS);
  const quiet = { ...(await holdsDuring(() => sleep(QUIET_MS))), metric: await metricMs() };

  const outcomes = new Map<string, number>();
  const writing = await holdsDuring(async () => {
    const coming = third.mint({ azp: 'client' });
    for (let written = 0; written < WRITES; written += 2) {
      const next = sleep(ROUND_MS);
      const created = await stack.admin('POST', KEY_MANAGERS, keyManagerDto('ThirdKM', third));
      const allowed = await statusOf(ORDERS, coming);
      const { id } = created.body as { id: string };
      const deleted = await stack.admin('DELETE', `${KEY_MANAGERS}/${id}`);
      const refused = await statusOf(ORDERS, coming);
      const outcome = `created ${created.status}, then ${allowed}; deleted ${deleted.status}, then ${refused}`;
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      await next;
    }
  });
  const metric = await metricMs();
  const counts = await load.stop();
  console.log(`longest holds of the deciding loop in ms with ${APIS} APIs and ${OTHER_KEY_MANAGERS} key managers`);
  console.table({ 'without writes': quiet, 'with 20 writes/s': { ...writing, metric } });
  console.log('replies under load by status:', counts);
  expect([...outcomes]).toEqual([['created 201, then 200; deleted 200, then 401', WRITES / 2]]);
  expect(Object.keys(counts)).toEqual(['200']);
});
