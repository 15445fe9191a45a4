// Ten thousand random writes and events at a hub and three followers, real processes all of them, while any is killed, Redis comes and
// goes and the network is cut: in the end all hold what the oracle holds, and no decision on the way was one that it forbids.

import { setTimeout as pause } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { REASONS, type ReasonRow } from '../../src/domain/reason.ts';
import { eventually } from '../rig/eventually.ts';
import { type FleetMember, type FleetReply, type HubFleet, startHubFleet } from '../rig/hub-fleet.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';
import { describeTimes } from '../rig/latency.ts';
import { type SeededRandom, seededRandom } from '../rig/seeded-random.ts';
import { FleetOracle } from './fleet-oracle.ts';
import {
  ADMIN,
  FleetWriter,
  factsOf,
  type HistoryApi,
  type HistoryApp,
  PORTAL,
  PUBLISHER,
  revocationsOf,
  type World,
} from './fleet-writers.ts';

const SEED = Number(process.env['HISTORY_SEED'] ?? 20_261_128);
const WRITES = Number(process.env['HISTORY_WRITES'] ?? 10_000);
const WRITERS = 12;
const MAX_PAUSE_MS = 60;
/** How often each kind of fault comes at least. */
const CYCLES = 2;
const APPS = 36;
const APIS = 6;
/** Ample for a machine that is busy with other things; what is measured is printed. */
const BOUNDS = { fromHub: 10_000, fromFollower: 20_000 };
/** Only ends a wait that is in vain. */
const RECOVERY_LIMIT_MS = 90_000;
const PROBE = 'probe';

let fleet: HubFleet;
let servers: readonly [KeyManagerServer, KeyManagerServer];
beforeAll(async () => {
  servers = [await startKeyManager({ algorithm: 'ES256' }), await startKeyManager({ algorithm: 'ES256' })];
  fleet = await startHubFleet({ followers: 3, redis: true, catalog: catalogOf(servers) });
  for (const follower of fleet.followers) await fleet.inStep(follower);
});
afterAll(async () => {
  await fleet?.stop();
  for (const server of servers ?? []) await server.close();
});

test('ten thousand random writes and events: nothing acknowledged is lost, nobody is let through who must not be', {
  timeout: 900_000,
}, async () => {
  const startedAt = performance.now();
  const oracle = new FleetOracle(BOUNDS);
  const { apps, apis, keyManagers } = await readWorld(oracle);
  const random = seededRandom(SEED);
  const gate = new Gate();
  const world: World = { members: fleet.members, apis, oracle, random, eventTokens: [] };
  const writers = Array.from({ length: WRITERS }, (_, at) => {
    const own = apps.filter((app, index) => app.name !== PROBE && index % WRITERS === at);
    return new FleetWriter(world, own, apps.find(({ keyManager }) => keyManager === 'KM-1') as HistoryApp, at);
  });
  let done = false;
  const failures: unknown[] = [];
  const until = (run: () => Promise<void>) => async () => {
    while (!done && failures.length === 0) await run().catch((error) => failures.push(error));
  };
  const writing = writers.map((writer) =>
    until(async () => {
      await gate.during(() => writer.write());
      // Facts that change all the time prove nothing.
      await pause(random.below(MAX_PAUSE_MS));
    })(),
  );
  const [first] = writers;
  if (first === undefined) throw new Error('nobody writes');
  const seldom = until(async () => {
    await pause(400);
    await gate.during(() => first.lifecycle(random.pick(apis.slice(0, APIS - 1))));
    const keyManager = keyManagers[1];
    if (random.below(4) === 0 && keyManager) await gate.during(() => first.keyManager(...keyManager));
  })();
  const deciding = fleet.members.map((member, at) => {
    const of = { oracle, random: seededRandom(SEED + at), apps, apis, writers, world };
    return until(() => decide(member, at, of))();
  });
  const propagation = { calm: [] as number[], disturbed: [] as number[] };
  const probing = until(() => probe(first, { oracle, apps, apis, gate }, propagation))();

  const faults = faultsOf(fleet, oracle, seededRandom(SEED + 100));
  const counts = new Map<string, number>();
  const recoveries: number[] = [];
  let hubChecks = 0;
  let rounds = 0;
  // Each kind of fault a few times, and on until there is enough of a history.
  while (failures.length === 0 && (oracle.writes < WRITES || rounds < CYCLES * faults.length)) {
    const fault = faults[rounds % faults.length];
    if (fault === undefined) break;
    await pause(500 + random.below(1_500));
    const recovered = await fault.run();
    rounds += 1;
    counts.set(fault.kind, (counts.get(fault.kind) ?? 0) + 1);
    recoveries.push(recovered);
    if (fault.kind.includes('hub is killed')) {
      await gate.hold(async () =>
        expect(await contentOf(fleet.hub), 'the hub after it was killed').toEqual(expectedContent(oracle)),
      );
      hubChecks += 1;
    }
  }
  done = true;
  await Promise.all([...writing, ...deciding, seldom, probing]);
  if (failures.length > 0) throw failures[0];

  for (const follower of fleet.followers) await fleet.inStep(follower, RECOVERY_LIMIT_MS);
  for (const member of fleet.members) {
    await eventually(
      `${member.name} to hold the hub’s state`,
      async () => isDeepStrictEqual(await member.digest(), await fleet.hub.digest()),
      RECOVERY_LIMIT_MS,
    );
    expect(await contentOf(member), member.name).toEqual(expectedContent(oracle));
    await expect
      .poll(async () => differences(await revokedAt(member), expectedRevoked(oracle)), {
        message: `${member.name} to know each revocation`,
        timeout: RECOVERY_LIMIT_MS,
      })
      .toEqual({ missing: [], unexpected: [] });
    const wrong: string[] = [];
    for (const app of apps)
      for (const api of apis) {
        const outcome = await member.outcome(api.path, app.token);
        const expected = oracle.expected(factsOf(app, api));
        if ((outcome === 'allow' ? 'allow' : 'deny') !== expected) wrong.push(`${app.name} ${api.name}: ${outcome}`);
      }
    expect(wrong, member.name).toEqual([]);
  }

  const { wrong, counts: judged } = oracle.judge(isFault);
  const kills = [...counts].filter(([kind]) => kind.includes('killed')).reduce((sum, [, count]) => sum + count, 0);
  console.log(
    [
      `${oracle.writes} acknowledged writes and events in ${Math.round((performance.now() - startedAt) / 1000)} s, seed ${SEED}`,
      `${rounds} rounds of faults, ${kills} with a kill -9: ${[...counts].map(([kind, n]) => `${n} × ${kind}`).join('; ')}`,
      `recovery: ${describeTimes(recoveries)}; the hub compared with the oracle after ${hubChecks} kills`,
      `decisions: ${JSON.stringify(judged)}, wrong allows ${wrong.allows.length}, wrong denials ${wrong.denials.length}`,
      `block acknowledged at the hub to first denial at a follower: all well: ${describeTimes(propagation.calm)}; somebody cut off or slow: ${describeTimes(propagation.disturbed)}`,
    ].join('\n'),
  );
  expect(wrong.allows.slice(0, 5)).toEqual([]);
  expect(wrong.denials.slice(0, 5)).toEqual([]);
  expect(oracle.writes).toBeGreaterThanOrEqual(WRITES);
  expect(judged.certain).toBeGreaterThan(0);
});

/** Lets writers pass, or waits until none is at work. */
class Gate {
  #held: Promise<void> | undefined;
  #busy = 0;

  async during(run: () => Promise<void>): Promise<void> {
    // Looked at again after the wait, and at once before it counts: nobody slips in between.
    while (this.#held !== undefined) await this.#held;
    this.#busy += 1;
    try {
      await run();
    } finally {
      this.#busy -= 1;
    }
  }

  async hold(run: () => Promise<void>): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    try {
      await eventually('the writers to pause', () => this.#busy === 0, RECOVERY_LIMIT_MS);
      await run();
    } finally {
      this.#held = undefined;
      resolve();
    }
  }
}

interface Deciding {
  readonly oracle: FleetOracle;
  readonly random: SeededRandom;
  readonly apps: readonly HistoryApp[];
  readonly apis: readonly HistoryApi[];
  readonly writers: readonly FleetWriter[];
  readonly world: World;
}

/** One request, of somebody to something. */
async function decide(member: FleetMember, at: number, { oracle, random, apps, apis, writers, world }: Deciding) {
  if (!member.isUp()) return void (await pause(20));
  const [guest, event] = [
    random.pick(writers),
    random.pick(world.eventTokens) as World['eventTokens'][number] | undefined,
  ];
  const [app, api] = [random.pick(apps), random.pick(apis)];
  const dice = random.below(10);
  const [firstApi] = apis;
  const ask =
    dice === 0 && firstApi !== undefined
      ? {
          path: firstApi.path,
          token: guest.guestToken(),
          facts: [guest.guestFact, `api:${firstApi.name}`, ...guest.guestFacts],
        }
      : dice <= 2 && event !== undefined
        ? { path: pathOf(apis, event.facts), ...event }
        : { path: api.path, token: app.token, facts: factsOf(app, api) };
  const sentAt = performance.now();
  // A member that was killed meanwhile told nothing.
  const outcome = await member.outcome(ask.path, ask.token).catch(() => undefined);
  if (outcome !== undefined)
    oracle.observed({ member: at, facts: ask.facts, sentAt, answeredAt: performance.now(), outcome });
  await pause(5);
}

function pathOf(apis: readonly HistoryApi[], facts: readonly string[]): string {
  const name = facts.find((fact) => fact.startsWith('api:'))?.slice('api:'.length);
  return apis.find((api) => api.name === name)?.path ?? '';
}

/** Blocks one subscription and watches the followers, then gives it back. */
async function probe(
  writer: FleetWriter,
  { oracle, apps, apis, gate }: Pick<Deciding, 'oracle' | 'apps' | 'apis'> & { readonly gate: Gate },
  times: { readonly calm: number[]; readonly disturbed: number[] },
): Promise<void> {
  const app = apps.find(({ name }) => name === PROBE);
  const api = apis.at(-1);
  if (app === undefined || api === undefined) throw new Error('nothing to probe with');
  await pause(100);
  let isBlocked = false;
  await gate.during(async () => {
    isBlocked = await writer.toggle(app, api);
  });
  if (!isBlocked) return;
  const ackedAt = performance.now();
  await Promise.all(
    fleet.followers.map(async (follower) => {
      while (performance.now() < ackedAt + BOUNDS.fromHub) {
        const outcome = await follower.outcome(api.path, app.token).catch(() => 'no answer');
        if (outcome !== 'allow' && outcome !== 'no answer' && !isFault(outcome)) {
          const tookMs = performance.now() - ackedAt;
          times[oracle.isDisturbed(ackedAt - 1_000, ackedAt + tookMs) ? 'disturbed' : 'calm'].push(tookMs);
          return;
        }
        await pause(outcome === 'no answer' ? 50 : 1);
      }
    }),
  );
}

interface Fault {
  readonly kind: string;
  /** Brings it about and mends it; how long after the mending all were in step. */
  run(): Promise<number>;
}

function faultsOf(
  { hub, followers, redis, inStep }: HubFleet,
  oracle: FleetOracle,
  random: SeededRandom,
): readonly Fault[] {
  const somebody = () => {
    const at = random.below(followers.length);
    const follower = followers[at];
    if (follower === undefined) throw new Error('there is no follower');
    return { follower, at: at + 1 };
  };
  const everybody = [0, 1, 2, 3];
  const fault = (
    kind: string,
    begin: () => { members: readonly number[]; hurt: () => unknown; heal: () => unknown },
  ): Fault => ({
    kind,
    run: async () => {
      const { members, hurt, heal } = begin();
      const disturbance = oracle.disturb(members, performance.now());
      await hurt();
      await pause(300 + random.below(1_700));
      await heal();
      const healedAt = performance.now();
      await Promise.all(followers.map((follower) => inStep(follower, RECOVERY_LIMIT_MS)));
      disturbance.to = performance.now();
      return disturbance.to - healedAt;
    },
  });
  const cut = (kind: string, hurt: (link: NonNullable<FleetMember['link']>) => void) =>
    fault(`a follower’s network ${kind}`, () => {
      const { follower, at } = somebody();
      const { link } = follower;
      if (link === undefined) throw new Error('a follower has a link');
      return {
        members: [at],
        hurt: () => hurt(link),
        heal: () =>
          Object.assign(link.faults, { silent: false, halfOpen: false, refusing: false, sliceBytes: 0, latencyMs: 0 }),
      };
    });
  return [
    fault('a follower is killed', () => {
      const { follower, at } = somebody();
      return { members: [at], hurt: follower.kill, heal: follower.start };
    }),
    cut('refuses', (link) => {
      link.faults.refusing = true;
      link.reset();
    }),
    fault('the hub is killed', () => ({ members: everybody, hurt: hub.kill, heal: hub.start })),
    fault('Redis is stopped', () => ({ members: [], hurt: () => redis?.kill(), heal: () => redis?.start() })),
    cut('is slow and in pieces', (link) => Object.assign(link.faults, { latencyMs: 200, sliceBytes: 100 })),
    cut('swallows everything', (link) => {
      link.faults.silent = true;
    }),
    fault('the hub is killed, and a follower', () => {
      const { follower } = somebody();
      return {
        members: everybody,
        hurt: () => Promise.all([hub.kill(), follower.kill()]),
        // The follower starts without a hub.
        heal: async () => {
          await follower.start();
          await hub.start();
        },
      };
    }),
    cut('swallows what the hub says', (link) => {
      link.faults.halfOpen = true;
    }),
    fault('Redis is stopped and a follower is killed', () => {
      const { follower, at } = somebody();
      const hurt = () => Promise.all([redis?.kill(), follower.kill()]);
      return { members: [at], hurt, heal: () => Promise.all([redis?.start(), follower.start()]) };
    }),
  ];
}

/** A request that nobody judged. */
function isFault(outcome: string): boolean {
  return (REASONS as Readonly<Record<string, ReasonRow>>)[outcome]?.outcome === 'fault';
}

function listOf(reply: FleetReply | undefined): readonly Readonly<Record<string, unknown>>[] {
  return (reply?.body as { list?: Readonly<Record<string, unknown>>[] } | undefined)?.list ?? [];
}

/** The facts as a member tells them itself. */
async function contentOf(member: FleetMember) {
  const list = async (path: string) => {
    const reply = await member.admin('GET', `${path}${path.includes('?') ? '&' : '?'}limit=1000`);
    expect(reply.status, `GET ${path} at ${member.name}`).toBe(200);
    return listOf(reply);
  };
  const content: Record<string, string> = {};
  const apps = await list(`${PORTAL}/applications`);
  for (const { applicationId, name } of apps) {
    const one = (await member.admin('GET', `${PORTAL}/applications/${applicationId}`)).body as { description?: string };
    content[`application ${name}`] = one.description ?? '';
  }
  for (const { id, name } of await list(`${PUBLISHER}/apis`)) {
    const { state } = (await member.admin('GET', `${PUBLISHER}/apis/${id}/lifecycle-state`)).body as { state: string };
    content[`API ${name}`] = state;
    for (const { applicationInfo, status } of await list(`${PUBLISHER}/subscriptions?apiId=${id}`)) {
      const { name: app } = applicationInfo as { name: string };
      if (!app.startsWith('guest-')) content[`subscription ${app}/${name}`] = String(status);
    }
  }
  for (const { conditionValue } of await list(`${ADMIN}/throttling/deny-policies`))
    content[`deny policy ${String(conditionValue).split(':')[1]}`] = 'denied';
  for (const { name, enabled } of await list(`${ADMIN}/key-managers`))
    content[`key manager ${name}`] = enabled ? 'enabled' : 'disabled';
  for (const name of Object.keys(content).filter((key) => key.startsWith('application guest-'))) {
    delete content[name];
    content[`guest ${name.slice('application '.length).split('.')[0]}`] = 'here';
  }
  return content;
}

function expectedContent(oracle: FleetOracle) {
  const told = (kind: string, as: string) =>
    [...oracle.all(kind)].map(([name, value]) => [`${as} ${name}`, value] as const);
  return Object.fromEntries([
    ...told('application', 'application'),
    ...told('api', 'API'),
    ...told('subscription', 'subscription').filter(([, value]) => value !== 'none'),
    ...told('deny', 'deny policy').filter(([, value]) => value === 'denied'),
    ...told('keymanager', 'key manager'),
    ...told('guest', 'guest').flatMap(([name, value]) => (value === 'absent' ? [] : [[name, 'here'] as const])),
  ]);
}

/** Clients and tokens that a member refuses by a revocation. */
async function revokedAt(member: FleetMember): Promise<readonly string[]> {
  const all = await revocationsOf(async (path) => listOf(await member.admin('GET', path)));
  return all.map(({ value }) => String(value));
}

function expectedRevoked(oracle: FleetOracle): readonly string[] {
  const revoked = (kind: string) =>
    [...oracle.all(kind)].filter(([, value]) => value === 'revoked').map(([name]) => name);
  return [...revoked('client').map(clientOf), ...revoked('token')];
}

function differences(found: readonly string[], expected: readonly string[]) {
  const wanted = new Set(expected);
  const here = new Set<string>();
  const unexpected: string[] = [];
  for (const value of found) {
    if (here.has(value) || !wanted.has(value)) unexpected.push(value);
    here.add(value);
  }
  return { missing: expected.filter((value) => !here.has(value)), unexpected };
}

function clientOf(app: string): string {
  return `client-of-${app}`;
}

async function readWorld(oracle: FleetOracle) {
  const list = async (path: string) => listOf(await fleet.hub.admin('GET', `${path}?limit=1000`));
  const apis = (await list(`${PUBLISHER}/apis`)).map(({ id, name }): HistoryApi => {
    oracle.begin(`api:${name}`, 'PUBLISHED');
    return { id: String(id), name: String(name), path: `/${name}/1/list` };
  });
  const keyManagers = (await list(`${ADMIN}/key-managers`)).map(({ id, name }) => {
    oracle.begin(`keymanager:${name}`, 'enabled');
    return [String(name), String(id)] as const;
  });
  const apps = (await list(`${PORTAL}/applications`)).map(({ applicationId, name }): HistoryApp => {
    const [at, client] = [String(name) === PROBE ? 0 : Number(String(name).slice(-2)), clientOf(String(name))];
    const { server, keyManager } = keyManagerOf(at);
    oracle.begin(`application:${name}`, '');
    oracle.begin(`deny:${name}`, 'open');
    oracle.begin(`client:${name}`, 'open');
    for (const api of apis) oracle.begin(`subscription:${name}/${api.name}`, 'UNBLOCKED');
    const token = server.mint({ azp: client, jti: `of-${name}` });
    return { name: String(name), id: String(applicationId), client, keyManager, server, token };
  });
  expect([apis.length, apps.length, keyManagers.length]).toEqual([APIS, APPS + 1, 2]);
  return { apis, apps, keyManagers };
}

/** The second key manager, which comes and goes, has every fourth application. */
function keyManagerOf(at: number): { readonly server: KeyManagerServer; readonly keyManager: string } {
  return at % 4 === 3 ? { server: servers[1], keyManager: 'KM-2' } : { server: servers[0], keyManager: 'KM-1' };
}

function catalogOf(of: readonly [KeyManagerServer, KeyManagerServer]) {
  const api = (name: string) => ({
    ...{
      name,
      context: `/${name}`,
      version: '1',
      keyManagers: ['all'],
      operations: [{ verb: 'GET', target: '/list' }],
    },
  });
  const names = Array.from({ length: APIS }, (_, at) => `api-${at}`);
  const application = (name: string, at: number) => ({
    ...{ name, owner: 'ann' },
    keys: [{ keyManager: at % 4 === 3 ? 'KM-2' : 'KM-1', consumerKey: clientOf(name), keyType: 'PRODUCTION' }],
    subscriptions: names.map((one) => ({ api: one, version: '1', policy: 'Unlimited', state: 'UNBLOCKED' })),
  });
  return {
    keyManagers: of.map((server, at) => ({
      ...{ name: `KM-${at + 1}`, displayName: `KM-${at + 1}`, type: 'CustomKeyManager', enabled: true },
      ...{ issuer: server.issuer, certificates: { type: 'JWKS', value: `${server.url}/jwks` } },
      ...{
        consumerKeyClaim: 'azp',
        scopesClaim: 'scope',
        enableSelfValidationJWT: true,
        enableMapOAuthConsumerApps: true,
      },
    })),
    apis: names.map(api),
    applications: [
      application(PROBE, 0),
      ...Array.from({ length: APPS }, (_, at) => application(`app-${String(at).padStart(2, '0')}`, at)),
    ],
  };
}
