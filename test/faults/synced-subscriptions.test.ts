// A hub of very many subscriptions is copied by a follower that decides meanwhile, from the copy that it has, and by one that has none:
// how long it takes, what memory it needs and how long the deciding loops are held is printed. A million with SYNCED_SUBSCRIPTIONS=1000000.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { API_VERSION, apiName, keyManagerName } from '../bench/installation.ts';
import { layoutOf, writeSubscriptions } from '../bench/subscriptions.ts';
import { eventually } from '../rig/eventually.ts';
import { type FleetMember, type HubFleet, startHubFleet } from '../rig/hub-fleet.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { describeTimes } from '../rig/latency.ts';
import { longestHolds, TELLS_LOOP_HOLDS } from '../rig/loop-holds.ts';

const SUBSCRIPTIONS = Number(process.env['SYNCED_SUBSCRIPTIONS'] ?? 100_000);
const LAYOUT = layoutOf(SUBSCRIPTIONS);
/** Only ends a wait that is in vain. */
const LIMIT_MS = 600_000;
/** Loops tell how long they were held twice a second. */
const SETTLED_MS = 1_500;
const FIRST = `/${apiName(0)}/${API_VERSION}/list`;

let fleet: HubFleet;
let server: KeyManagerServer;
beforeAll(async () => {
  server = await startKeyManager({ algorithm: 'ES256' });
  fleet = await startHubFleet({ followers: 1, catalog: catalogOf(server), env: TELLS_LOOP_HOLDS });
});
afterAll(async () => {
  await fleet?.stop();
  await server?.close();
});

test(`${SUBSCRIPTIONS.toLocaleString('en')} subscriptions reach followers while all decide`, {
  timeout: LIMIT_MS,
}, async () => {
  const { hub } = fleet;
  const [follower] = fleet.followers;
  if (follower === undefined) throw new Error('there is one follower');
  const known = server.mint({ azp: 'known' });
  const last = server.mint({ azp: `client-${LAYOUT.clients - 1}` });
  const lastPath = `/${apiName(LAYOUT.perClient - 1)}/${API_VERSION}/list`;
  await fleet.inStep(follower);
  // Keys of the key manager are fetched by each member for itself, and kept.
  const allows = (member: FleetMember, path: string, token: string) =>
    eventually(`${member.name} to allow`, async () => (await member.outcome(path, token)) === 'allow');
  for (const member of [hub, follower]) await allows(member, FIRST, known);
  expect(await follower.outcome(lastPath, last)).not.toBe('allow');

  await hub.stop();
  fill(hub);
  // What the hub does at its start is none of the copy's.
  if (follower.link !== undefined) follower.link.faults.refusing = true;
  await hub.start();
  await allows(hub, lastPath, last);
  await pause(SETTLED_MS);
  const before = [hub, follower].map((member) => ({ member, lines: member.process().stderr.length }));
  const stopped = new AbortController();
  const deciding = [hub, follower].map((member) => decideUntil(stopped.signal, member, known, last, lastPath));
  if (follower.link !== undefined) follower.link.faults.refusing = false;
  const startedAt = performance.now();
  await fleet.inStep(follower, LIMIT_MS);
  const tookMs = performance.now() - startedAt;
  await pause(SETTLED_MS);
  stopped.abort();
  const decided = await Promise.all(deciding);

  const joinedAt = performance.now();
  const newcomer = await fleet.join('newcomer');
  await fleet.inStep(newcomer, LIMIT_MS);
  const joinedMs = performance.now() - joinedAt;

  const figures = before.map(({ member, lines }, at) => {
    const holds = longestHolds(member.process().stderr.slice(lines));
    const { outcomes, timesMs } = decided[at] ?? { outcomes: new Map(), timesMs: [] };
    return (
      `${member.name}: ${JSON.stringify(Object.fromEntries(outcomes))} ${describeTimes(timesMs)}; ` +
      `loop held ${holds.held} ms at most, ${holds.withoutGc} ms without garbage collection, ${holds.cpuWithoutGc} ms of CPU; ` +
      `${peakMemoryMb(member)} MB at most`
    );
  });
  console.log(
    [
      `${SUBSCRIPTIONS.toLocaleString('en')} subscriptions in the place of another copy: ${(tookMs / 1000).toFixed(1)} s;`,
      `to an empty follower, its start included: ${(joinedMs / 1000).toFixed(1)} s, ${peakMemoryMb(newcomer)} MB at most`,
      ...figures,
    ].join('\n'),
  );
  for (const { outcomes } of decided) expect([...outcomes.keys()]).toEqual(['allow']);
  // What the swap brings is there as a whole, and never gone again.
  for (const { lastOutcomes } of decided) {
    const firstAllow = lastOutcomes.indexOf('allow');
    expect(firstAllow).toBeGreaterThanOrEqual(0);
    expect(new Set(lastOutcomes.slice(firstAllow))).toEqual(new Set(['allow']));
  }
  const digests = await Promise.all([hub, follower, newcomer].map((one) => one.digest()));
  expect(digests[1]).toEqual(digests[0]);
  expect(digests[2]).toEqual(digests[0]);
  await allows(newcomer, lastPath, last);
});

/** Asks for a client that is known all the time, and for one that comes with the new copy. */
async function decideUntil(signal: AbortSignal, member: FleetMember, known: string, last: string, lastPath: string) {
  const outcomes = new Map<string, number>();
  const lastOutcomes: string[] = [];
  const timesMs: number[] = [];
  while (!signal.aborted) {
    const askedAt = performance.now();
    const outcome = await member.outcome(FIRST, known);
    timesMs.push(performance.now() - askedAt);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    lastOutcomes.push(await member.outcome(lastPath, last));
    await pause(5);
  }
  return { outcomes, lastOutcomes, timesMs };
}

/** As if they had been written long ago: in a history that no follower knows. */
function fill({ folder }: FleetMember): void {
  const data = join(folder, 'data');
  writeSubscriptions(data, LAYOUT);
  const db = new Database(join(data, 'catalog.db'));
  db.exec("UPDATE meta SET epoch = 'filled', revision = revision + 1000");
  db.close();
}

function peakMemoryMb(member: FleetMember): number {
  const status = readFileSync(`/proc/${member.process().pid}/status`, 'utf8');
  return Math.round(Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) / 1024);
}

function catalogOf({ issuer, url }: KeyManagerServer) {
  const operations = [{ verb: 'GET', target: '/list' }];
  const apis = Array.from({ length: LAYOUT.perClient }, (_, at) => apiName(at));
  return {
    keyManagers: [
      {
        ...{ name: keyManagerName(0), type: 'CustomKeyManager', enabled: true, issuer },
        ...{
          certificates: { type: 'JWKS', value: `${url}/jwks` },
          consumerKeyClaim: 'azp',
          enableSelfValidationJWT: true,
        },
      },
    ],
    apis: apis.map((name) => ({ name, context: `/${name}`, version: API_VERSION, keyManagers: ['all'], operations })),
    applications: [
      {
        ...{ name: 'Known', owner: 'ann', keys: [{ keyManager: keyManagerName(0), consumerKey: 'known' }] },
        subscriptions: [{ api: apiName(0), version: API_VERSION }],
      },
    ],
  };
}
