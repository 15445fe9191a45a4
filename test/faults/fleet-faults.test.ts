// Faults of a member of a fleet, each with its figures: everything that it depends on is gone at its start, its file is damaged, its
// catalog changes as fast as it can be written. Wrong allows, wrong denials and lost writes are counted and must be none.

import { execFile } from 'node:child_process';
import { closeSync, openSync, rmSync, statSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CheckClient } from '../../src/extauthz/check-client.ts';
import { eventually } from '../rig/eventually.ts';
import { type FleetMember, type HubFleet, startHubFleet } from '../rig/hub-fleet.ts';
import { type KeyManagerServer, startKeyManager } from '../rig/key-manager-server.ts';

const run = promisify(execFile);
const PATHS = ['/things/1/list', '/things/1/unknown', '/others/1/list', '/nowhere/1/list'];
const PUBLISHER = '/api/am/publisher/v4';
const DOCUMENTS = 200;
const ASKERS = 4;
const PAGE_BYTES = 4096;

let servers: KeyManagerServer[] = [];
let fleet: HubFleet;
let follower: FleetMember;
beforeEach(async () => {
  servers = [await startKeyManager({ algorithm: 'ES256' }), await startKeyManager()];
  fleet = await startHubFleet({ followers: 1, redis: true, catalog: catalogOf('KM-1', 'UNBLOCKED') });
  follower = fleet.followers[0] as FleetMember;
  await fleet.inStep(follower);
});
afterEach(async () => {
  await fleet?.stop();
  for (const server of servers) await server.close();
});

const tokenOf = (server: number, client: string) => servers[server]?.mint({ azp: client, jti: client }) ?? '';

test('with hub, Redis and key managers gone a member starts on its disk and decides as before, and one without a disk denies everything', async () => {
  const tokens = [tokenOf(0, 'shop'), tokenOf(0, 'stranger'), tokenOf(1, 'shop'), tokenOf(1, 'other'), 'no token'];
  const questions = tokens.flatMap((token) => PATHS.map((path) => [path, token] as const));
  const outcomesAt = async (member: FleetMember) => {
    const outcomes: string[] = [];
    for (const [path, token] of questions) outcomes.push(await member.outcome(path, token));
    return outcomes;
  };
  const allows = (outcomes: readonly string[]) => outcomes.filter((outcome) => outcome === 'allow').length;
  await eventually('the hub to have all keys', async () => allows(await outcomesAt(fleet.hub)) === 2);
  const before = await outcomesAt(fleet.hub);
  await eventually('the follower decides as its hub', async () =>
    (await outcomesAt(follower)).every((outcome, at) => outcome === before[at]),
  );
  expect(new Set(before).size).toBeGreaterThan(3);
  expect(allows(before)).toBe(2);
  // They are written a moment after they count.
  await eventually('the keys to be on the follower’s disk', () => keySetsOf(follower) === servers.length);

  await Promise.all([
    fleet.hub.kill(),
    fleet.redis?.kill(),
    follower.kill(),
    ...servers.map((server) => server.close()),
  ]);
  const startedAt = performance.now();
  await follower.start();
  const after = await outcomesAt(follower);
  const startMs = performance.now() - startedAt;
  const wrong = (kind: 'allow' | 'deny') =>
    after.filter((outcome, at) => outcome !== before[at] && (outcome === 'allow') === (kind === 'allow')).length;
  console.log(
    `all gone at a cold start: ${questions.length} decisions ${Math.round(startMs)} ms after the start, ` +
      `${wrong('allow')} wrong allows, ${wrong('deny')} wrong denials`,
  );
  expect(after).toEqual(before);
  expect((await follower.admin('GET', '/readyz')).status).toBe(200);

  const empty = await fleet.join('empty');
  const denied = await outcomesAt(empty);
  expect(new Set(denied)).toEqual(new Set(['copy_incomplete']));
  expect((await empty.admin('GET', '/readyz')).status).toBe(503);
  expect((await empty.admin('GET', '/healthz')).status).toBe(200);
  const health = new CheckClient({ kind: 'tcp', host: '127.0.0.1', port: empty.checkPort });
  expect(await health.isServing(10_000)).toBe(false);
  health.close();
  // Killed and started without anything once more: it neither ends by itself nor invents a state.
  await empty.kill();
  await empty.start();
  expect(new Set(await outcomesAt(empty))).toEqual(new Set(['copy_incomplete']));
  console.log(`an empty disk: ${denied.length * 2} decisions over two starts, all denied, 0 wrong allows, not ready`);

  await fleet.hub.start();
  const backAt = performance.now();
  await fleet.inStep(empty, 60_000);
  console.log(`the hub is back: in step after ${Math.round(performance.now() - backAt)} ms`);
  expect(await empty.outcome(PATHS[1] ?? '', tokens[0] ?? '')).not.toBe('copy_incomplete');
});

describe('a catalog’s file that is damaged', () => {
  test.each<[string, (file: string) => void]>([
    [
      'cut in the middle',
      (file) => truncateSync(file, Math.floor(statSync(file).size / 2 / PAGE_BYTES) * PAGE_BYTES + 100),
    ],
    [
      'no SQLite file any more',
      (file) => writeFileSync(file, 'not a database, and long enough to be looked at'.repeat(100)),
    ],
    ['with pages of noise', (file) => overwrite(file, 1, 5, () => 0xa5)],
    ['with pages of zeros', (file) => overwrite(file, 1, 5, () => 0)],
  ])(
    '%s: the member does not start on it and says what to do; done so, it takes a copy and decides as before',
    async (_, damage) => {
      const token = tokenOf(0, 'shop');
      const path = PATHS[0] ?? '';
      await eventually('the follower to allow', async () => (await follower.outcome(path, token)) === 'allow');
      // A write that only the hub has acknowledged must be there in the end.
      const blocked = await block();
      expect(blocked.status).toBe(200);
      await fleet.inStep(follower);
      await follower.stop();
      const file = join(follower.folder, 'data', 'catalog.db');
      damage(file);
      // A file that was closed in order is looked over later; one that was not is looked over first.
      const said = await follower.start().then(
        async () => {
          const outcome = await follower.outcome(path, token).catch(() => 'no answer');
          await follower.stop();
          return `started, and said ${outcome}`;
        },
        (error: Error) => error.message,
      );
      expect(said).toMatch(/is damaged|is not a SQLite|no SQLite|cannot be (read|opened)/);
      for (const end of ['', '-wal', '-shm']) rmSync(`${file}${end}`, { force: true });
      const startedAt = performance.now();
      await follower.start();
      await fleet.inStep(follower);
      const recoveredMs = Math.round(performance.now() - startedAt);
      expect(await follower.outcome(path, token)).toBe('subscription_blocked');
      console.log(`${_}: 0 wrong allows, 0 lost writes, recovered ${recoveredMs} ms after the start without the file`);
    },
  );
});

test('a disk that is full: writes are refused whole and said so, decisions go on, and a member that has room again catches up', async () => {
  const { hub } = fleet;
  const token = tokenOf(0, 'shop');
  const path = PATHS[0] ?? '';
  for (const member of [hub, follower])
    await eventually(`${member.name} to allow`, async () => (await member.outcome(path, token)) === 'allow');
  // No file may grow: what SQLite writes is refused in the same way as on a full disk.
  const limitFiles = async (member: FleetMember, bytes: string) =>
    void (await run('prlimit', ['--pid', String(member.process().pid), `--fsize=${bytes}:unlimited`]));
  const counts = { acknowledged: 0, refused: 0 };
  const policy = async (n: number) => {
    const body = { policyName: `policy-${n}`, description: 'x'.repeat(1_000) };
    const reply = await hub.admin('POST', '/api/am/admin/v4/throttling/policies/application', body);
    if (reply.status === 201) counts.acknowledged += 1;
    else {
      expect(reply.status, JSON.stringify(reply.body)).toBe(503);
      expect(reply.headers.get('retry-after')).not.toBeNull();
      counts.refused += 1;
    }
    return reply.status;
  };

  await limitFiles(follower, '1');
  for (let n = 0; n < 20; n++) expect(await policy(n)).toBe(201);
  expect((await block()).status).toBe(200);
  await limitFiles(hub, '1');
  for (let n = 20; n < 40; n++) await policy(n);
  expect(counts.refused).toBe(20);
  // The hub has what it acknowledged; the follower decides from what it has.
  expect(await hub.outcome(path, token)).toBe('subscription_blocked');
  for (let n = 0; n < 20; n++) expect(await follower.outcome(path, token)).toBe('allow');
  await Promise.all([hub, follower].map((member) => limitFiles(member, 'unlimited')));
  const roomAt = performance.now();
  expect(await eventually('the hub takes writes', async () => (await policy(40)) === 201)).toBe(true);
  await fleet.inStep(follower, 60_000);
  const recoveredMs = Math.round(performance.now() - roomAt);
  expect(await follower.outcome(path, token)).toBe('subscription_blocked');
  expect(await follower.digest()).toEqual(await hub.digest());
  const { body } = await hub.admin('GET', '/api/am/admin/v4/throttling/policies/application?limit=1000');
  const made = (body as { list: { policyName: string }[] }).list.filter(({ policyName }) =>
    /^policy-/.test(policyName),
  );
  expect(made).toHaveLength(counts.acknowledged);
  console.log(
    `full disks: ${counts.acknowledged} writes acknowledged, 0 lost, ${counts.refused} refused whole; ` +
      `decisions went on from what each had; in step ${recoveredMs} ms after there was room`,
  );
});

test('a catalog that is written as fast as can be: each decision is of one state, a refused document changes nothing', async () => {
  const { hub } = fleet;
  // Both documents refuse this token, each for another reason; half of one and half of the other would let it pass.
  const torn = tokenOf(0, 'shop');
  const steady = tokenOf(1, 'other');
  for (const member of [hub, follower])
    for (const [path, token] of [
      ['/others/1/list', steady],
      [PATHS[0] ?? '', torn],
    ] as const)
      await eventually(`${member.name} to allow`, async () => (await member.outcome(path, token)) === 'allow');
  const documents = [catalogOf('KM-1', 'BLOCKED'), catalogOf('KM-2', 'UNBLOCKED')] as const;
  const expected = ['subscription_blocked', 'key_manager_not_allowed'];
  expect((await hub.admin('POST', '/catalog', documents[0])).status).toBe(200);
  await fleet.inStep(follower);
  const outcomes = new Map<string, number>();
  const steadyOutcomes = new Map<string, number>();
  const count = (map: Map<string, number>, outcome: string) => map.set(outcome, (map.get(outcome) ?? 0) + 1);
  let asks = true;
  const asking = Promise.all(
    [hub, follower].flatMap((member) =>
      Array.from({ length: ASKERS }, async () => {
        while (asks) {
          count(outcomes, await member.outcome(PATHS[0] ?? '', torn));
          count(steadyOutcomes, await member.outcome('/others/1/list', steady));
        }
      }),
    ),
  );
  const startedAt = performance.now();
  let wrongNext = 0;
  let refused = 0;
  try {
    for (let n = 1; n <= DOCUMENTS; n++) {
      if (n % 5 === 0) {
        // The first half of it would let the token pass, and the second half is wrong.
        const half = catalogOf('KM-1', 'UNBLOCKED', [
          { name: 'Broken', owner: 'ann', keys: [{ keyManager: 'None', consumerKey: 'x' }] },
        ]);
        const reply = await hub.admin('POST', '/catalog', half);
        expect(reply.status).toBeGreaterThanOrEqual(400);
        refused += 1;
        continue;
      }
      expect((await hub.admin('POST', '/catalog', documents[n % 2 === 0 ? 0 : 1])).status).toBe(200);
      if ((await hub.outcome(PATHS[0] ?? '', torn)) !== expected[n % 2]) wrongNext += 1;
    }
  } finally {
    asks = false;
    await asking;
  }
  const seconds = (performance.now() - startedAt) / 1000;
  console.log(
    `${DOCUMENTS - refused} documents applied and ${refused} refused, ${Math.round(DOCUMENTS / seconds)} a second; ` +
      `decisions meanwhile: ${JSON.stringify(Object.fromEntries(outcomes))}, ${JSON.stringify(Object.fromEntries(steadyOutcomes))}; ` +
      `${wrongNext} next requests by an older state`,
  );
  expect([...outcomes.keys()].toSorted()).toEqual(expected.toSorted());
  expect([...steadyOutcomes.keys()]).toEqual(['allow']);
  expect(wrongNext).toBe(0);
  await fleet.inStep(follower);
  const digests = await Promise.all([hub, follower].map((one) => one.digest()));
  expect(digests[1]).toEqual(digests[0]);
});

/** Key sets in the file, as a start would find them. */
function keySetsOf({ folder }: FleetMember): number {
  const db = new Database(join(folder, 'data', 'catalog.db'), { readonly: true });
  try {
    return Number(db.prepare('SELECT count(*) FROM key_set').pluck().get());
  } finally {
    db.close();
  }
}

function overwrite(file: string, first: number, pages: number, byte: () => number): void {
  const descriptor = openSync(file, 'r+');
  writeSync(descriptor, Buffer.alloc(pages * PAGE_BYTES, byte()), 0, pages * PAGE_BYTES, first * PAGE_BYTES);
  closeSync(descriptor);
}

async function block() {
  const { body } = await fleet.hub.admin('GET', `${PUBLISHER}/apis`);
  const [things] = (body as { list: { id: string; name: string }[] }).list.filter(({ name }) => name === 'Things');
  const all = await fleet.hub.admin('GET', `${PUBLISHER}/subscriptions?apiId=${things?.id}`);
  const [subscription] = (all.body as { list: { subscriptionId: string }[] }).list;
  const query = `subscriptionId=${subscription?.subscriptionId}&blockState=BLOCKED`;
  return fleet.hub.admin('POST', `${PUBLISHER}/subscriptions/block-subscription?${query}`);
}

/** One API for one key manager, with one subscription; and one that stays as it is. */
function catalogOf(keyManager: string, state: string, more: readonly object[] = []) {
  const operations = [{ verb: 'GET', target: '/list' }];
  return {
    keyManagers: servers.map((server, at) => ({
      ...{ name: `KM-${at + 1}`, type: 'CustomKeyManager', enabled: true, issuer: server.issuer },
      ...{ certificates: { type: 'JWKS', value: `${server.url}/jwks` }, consumerKeyClaim: 'azp' },
      enableSelfValidationJWT: true,
    })),
    apis: [
      { name: 'Things', context: '/things', version: '1', keyManagers: [keyManager], operations },
      { name: 'Others', context: '/others', version: '1', keyManagers: ['KM-2'], operations },
    ],
    applications: [
      {
        ...{ name: 'Shop', owner: 'ann', keys: [{ keyManager: 'KM-1', consumerKey: 'shop' }] },
        subscriptions: [{ api: 'Things', version: '1', state }],
      },
      {
        ...{ name: 'Other', owner: 'ann', keys: [{ keyManager: 'KM-2', consumerKey: 'other' }] },
        subscriptions: [{ api: 'Others', version: '1' }],
      },
      ...more,
    ],
  };
}
