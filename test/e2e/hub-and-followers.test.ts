// A hub and its followers as real processes: the copy, the feed, cut connections, restarts of either, a hub that is restored, and
// followers that have nobody.

import { cpSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { caughtUp, type Fleet, type Member, SYNC_TOKEN, startHub } from './followers.ts';

const PUBLISHER = '/api/am/publisher/v4';
let fleet: Fleet;
beforeEach(async () => {
  fleet = await startHub();
});
afterEach(() => fleet.stop());

async function subscriptionId(): Promise<string> {
  const { body } = await fleet.hub().admin('GET', '/internal/data/v1/subscriptions');
  return (body as { list: { subscriptionUUID: string }[] }).list[0]?.subscriptionUUID ?? '';
}

const block = async (id: string, query = '') =>
  fleet
    .hub()
    .admin('POST', `${PUBLISHER}/subscriptions/block-subscription?subscriptionId=${id}&blockState=BLOCKED${query}`);
const unblock = async (id: string, query = '') =>
  fleet.hub().admin('POST', `${PUBLISHER}/subscriptions/unblock-subscription?subscriptionId=${id}${query}`);

const TOOK_A_COPY = 'a whole copy of the hub was taken';
/** How often that was said in the whole life of a process, which ends here: its last lines are still on their way while it runs. */
async function copiesTaken({ gatehouse }: Member): Promise<number> {
  await gatehouse.stop();
  return gatehouse.log().filter(({ msg }) => msg === TOOK_A_COPY).length;
}

const outcomes = (member: Member, token: string, wanted: string) =>
  eventually(`the outcome ${wanted}`, async () => (await member.outcome(token)) === wanted);

test('a follower takes a copy, decides as its hub does, and a block with ?wait=fleet rules its very next request', async () => {
  const followers = [await fleet.follow('one'), await fleet.follow('two')];
  const token = fleet.token();
  for (const follower of followers) {
    await caughtUp(fleet, follower);
    expect(await follower.outcome(token)).toBe('allow');
    expect(await follower.outcome(fleet.token('stranger'))).not.toBe('allow');
  }
  const id = await subscriptionId();
  const waits: number[] = [];
  for (let round = 0; round < 10; round++) {
    const from = performance.now();
    const blocked = await block(id, '&wait=fleet');
    waits.push(performance.now() - from);
    expect([blocked.status, blocked.headers.get('x-gatehouse-fleet')]).toEqual([200, 'complete']);
    for (const follower of followers) expect(await follower.outcome(token)).toBe('subscription_blocked');
    const unblocked = await unblock(id, '&wait=fleet');
    expect([unblocked.status, unblocked.headers.get('x-gatehouse-fleet')]).toEqual([200, 'complete']);
    for (const follower of followers) expect(await follower.outcome(token)).toBe('allow');
  }
  const sorted = waits.toSorted((a, b) => a - b);
  console.log(
    `block with ?wait=fleet, 2 followers: p50 ${sorted[5]?.toFixed(1)} ms, slowest ${sorted.at(-1)?.toFixed(1)} ms`,
  );
});

test('a silent follower is named by ?wait=fleet as lagging', async () => {
  const follower = await fleet.follow('one');
  await caughtUp(fleet, follower);
  await outcomes(follower, fleet.token(), 'allow');
  fleet.proxy.faults.silent = true;
  const blocked = await block(await subscriptionId(), '&wait=fleet');
  expect([blocked.status, blocked.headers.get('x-gatehouse-fleet')]).toEqual([200, 'lagging']);
  expect(blocked.headers.get('x-gatehouse-fleet-lagging')).toMatch(/^follower\//);
  fleet.proxy.faults.silent = false;
  fleet.proxy.reset();
  await outcomes(follower, fleet.token(), 'subscription_blocked');
});

test('connections that are cut again and again lose no change', async () => {
  const follower = await fleet.follow('one');
  const token = fleet.token();
  await caughtUp(fleet, follower);
  const id = await subscriptionId();
  for (let round = 0; round < 20; round++) {
    await (round % 2 === 0 ? block(id) : unblock(id));
    fleet.proxy.reset();
    if (round % 5 === 0) await sleep(300);
  }
  await block(id);
  await caughtUp(fleet, follower);
  expect(await follower.outcome(token)).toBe('subscription_blocked');
});

test('a hub that is killed and comes back is followed on, without another copy', async () => {
  const follower = await fleet.follow('one');
  await caughtUp(fleet, follower);
  await fleet.restartHub('SIGKILL');
  expect(await follower.outcome(fleet.token())).toBe('allow');
  await block(await subscriptionId());
  await outcomes(follower, fleet.token(), 'subscription_blocked');
  expect(await copiesTaken(follower)).toBe(1);
});

test('a follower that is killed goes on from where it was', async () => {
  let follower = await fleet.follow('one');
  await caughtUp(fleet, follower);
  await follower.gatehouse.logged(({ msg }) => msg === TOOK_A_COPY);
  const id = await subscriptionId();
  await block(id);
  follower = await follower.restart('SIGKILL');
  await outcomes(follower, fleet.token(), 'subscription_blocked');
  // The block may have come to the one that was killed; this cannot.
  await unblock(id);
  await outcomes(follower, fleet.token(), 'allow');
  expect((await fleet.hub().status())['followers']).toHaveLength(1);
  expect(await copiesTaken(follower)).toBe(0);
});

test('a follower that is killed in the middle of a copy has none, and takes it anew', async () => {
  // As many bytes as the copy has, and the head of the answer is among them: its end never comes.
  const headers = { authorization: `Bearer ${SYNC_TOKEN}` };
  const whole = await (await fetch(`${fleet.hub().gatehouse.adminUrl}/sync/snapshot`, { headers })).text();
  fleet.proxy.faults.mostBytes = whole.length;
  let follower = await fleet.follow('one');
  await eventually('some of it came', async () => Number((await follower.status())['loadedRows']) > 0);
  expect(await follower.outcome(fleet.token())).toBe('copy_incomplete');
  follower = await follower.restart('SIGKILL');
  expect(await follower.outcome(fleet.token())).toBe('copy_incomplete');
  fleet.proxy.faults.mostBytes = 0;
  fleet.proxy.reset();
  await outcomes(follower, fleet.token(), 'allow');
  await caughtUp(fleet, follower);
});

test('with hub, key managers and network gone a follower starts and decides as before', async () => {
  let follower = await fleet.follow('one');
  const [token, stranger] = [fleet.token(), fleet.token('stranger')];
  await caughtUp(fleet, follower);
  await outcomes(follower, token, 'allow');
  const before = await follower.outcome(stranger);
  // Written behind the answers: what is to last is on its disk.
  const db = new Database(join(fleet.folder, 'one', 'data', 'catalog.db'), { readonly: true });
  await eventually('its keys and its being in sync to be kept', () =>
    ['key_set', "stream_position WHERE stream = 'hub:in-sync'"].every(
      (rows) => db.prepare(`SELECT 1 FROM ${rows}`).get() !== undefined,
    ),
  );
  db.close();
  await fleet.hub().gatehouse.stop();
  await fleet.jwts.close();
  fleet.proxy.faults.refusing = true;
  follower = await follower.restart('SIGKILL');
  expect(await follower.outcome(token)).toBe('allow');
  expect(await follower.outcome(stranger)).toBe(before);
  const ready = await fetch(`${follower.gatehouse.adminUrl}/readyz`);
  expect([ready.status, JSON.stringify(await ready.json())]).toEqual([200, expect.stringContaining('was in sync')]);
  await eventually('it has noticed', async () => (await follower.status())['state'] === 'away');
  expect(await follower.status()).toMatchObject({ complete: true, state: 'away' });
});

test('with an empty disk and no hub a follower lives, is not ready and denies everything, until there is a hub', async () => {
  fleet.proxy.faults.refusing = true;
  const follower = await fleet.follow('one');
  const token = fleet.token();
  expect(await follower.outcome(token)).toBe('copy_incomplete');
  const ready = await fetch(`${follower.gatehouse.adminUrl}/readyz`);
  expect([ready.status, JSON.stringify(await ready.json())]).toEqual([503, expect.stringContaining('first sync')]);
  expect((await fetch(`${follower.gatehouse.adminUrl}/healthz`)).status).toBe(200);
  fleet.proxy.faults.refusing = false;
  await outcomes(follower, token, 'allow');
  await eventually('it is ready', async () => (await fetch(`${follower.gatehouse.adminUrl}/readyz`)).ok);
});

test('a copy that is too old says so, and denies where that is chosen', async () => {
  const follower = await fleet.follow('one', {
    sync: {
      source: 'hub',
      hub: { url: `http://127.0.0.1:${fleet.proxy.port}`, credentialFile: join(fleet.folder, 'sync-token') },
      maxStalenessSeconds: 8,
      whenStale: 'deny',
    },
  });
  const token = fleet.token();
  await outcomes(follower, token, 'allow');
  fleet.proxy.faults.refusing = true;
  fleet.proxy.reset();
  await outcomes(follower, token, 'copy_stale');
  const ready = await fetch(`${follower.gatehouse.adminUrl}/readyz`);
  expect([ready.status, JSON.stringify(await ready.json())]).toEqual([503, expect.stringContaining('stale')]);
  fleet.proxy.faults.refusing = false;
  await outcomes(follower, token, 'allow');
});

test('a revocation at a follower rules there at once, is kept while the hub is away, and spreads from the hub', async () => {
  const [one, two] = [await fleet.follow('one'), await fleet.follow('two')];
  const token = fleet.token('shop', { jti: 'stolen' });
  for (const follower of [one, two]) await outcomes(follower, token, 'allow');
  fleet.proxy.faults.refusing = true;
  fleet.proxy.reset();
  expect((await one.admin('POST', '/revocations', { kind: 'jti', value: 'stolen' })).status).toBe(201);
  expect(await one.outcome(token)).toBe('token_revoked');
  expect(await two.outcome(token)).toBe('allow');
  const again = await one.restart('SIGKILL');
  expect(await again.outcome(token)).toBe('token_revoked');
  fleet.proxy.faults.refusing = false;
  await outcomes(fleet.hub(), token, 'token_revoked');
  await outcomes(two, token, 'token_revoked');
});

test('a follower refuses writes with the name of its hub', async () => {
  const follower = await fleet.follow('one');
  const { status, body } = await follower.admin('POST', '/api/am/admin/v4/key-managers', { name: 'x', type: 'Okta' });
  expect([status, JSON.stringify(body)]).toEqual([
    409,
    expect.stringContaining(`http://127.0.0.1:${fleet.proxy.port}`),
  ]);
});

test('the credential of followers reads everything and changes nothing', async () => {
  const call = async (method: string, path: string) => {
    const headers = { authorization: `Bearer ${SYNC_TOKEN}` };
    const reply = await fetch(`${fleet.hub().gatehouse.adminUrl}${path}`, { method, headers });
    await reply.body?.cancel();
    return reply.status;
  };
  expect(await call('GET', '/sync/snapshot')).toBe(200);
  for (const [method, path] of [
    ['GET', '/api/am/admin/v4/key-managers'],
    ['POST', '/revocations'],
    ['GET', '/audit'],
    ['POST', `${PUBLISHER}/subscriptions/block-subscription`],
  ] as const)
    expect(await call(method, path), path).toBe(403);
});

test('without the hub’s sealing keys a follower takes no copy and says why', async () => {
  const other = join(fleet.folder, 'other-key');
  const secret = { name: 'Opaque', type: 'CustomKeyManager', issuer: 'https://opaque.example', enabled: true };
  const made = await fleet.hub().admin('POST', '/api/am/admin/v4/key-managers', {
    ...secret,
    introspectionEndpoint: 'https://opaque.example/introspect',
    enableSelfValidationJWT: false,
    additionalProperties: { Username: 'gw', Password: 'confidential' },
  });
  const isSealed = made.status === 201;
  expect(isSealed, JSON.stringify(made.body)).toBe(true);
  writeFileSync(other, Buffer.alloc(32, 9).toString('base64'));
  const follower = await fleet.follow('stranger', { sealing: { keys: [{ id: 'fleet', file: other }] } });
  await eventually('it says why', async () =>
    String((await follower.status())['problem']).includes('sealing_keys_differ'),
  );
  expect(await follower.outcome(fleet.token())).toBe('copy_incomplete');
  const right = await fleet.follow('one');
  await outcomes(right, fleet.token(), 'allow');
  await caughtUp(fleet, right);
});

test('a hub that is restored, as an image of its disk or as a new epoch, is followed to what it is', async () => {
  const follower = await fleet.follow('one');
  await caughtUp(fleet, follower);
  const data = join(fleet.folder, 'hub', 'data');
  const kept = join(fleet.folder, 'kept');
  const replaceHub = async (change: () => void) => {
    const { gatehouse } = fleet.hub();
    gatehouse.signal('SIGTERM');
    await gatehouse.exited;
    change();
    await fleet.restartHub();
  };
  await replaceHub(() => cpSync(data, kept, { recursive: true }));
  const id = await subscriptionId();
  await block(id);
  await outcomes(follower, fleet.token(), 'subscription_blocked');
  // Back from the image the hub comes as far as the follower is, by other writes, before the two meet again.
  const reached = Number((await follower.digest())['sequence']);
  fleet.proxy.faults.refusing = true;
  fleet.proxy.reset();
  await replaceHub(() => {
    rmSync(data, { recursive: true });
    cpSync(kept, data, { recursive: true });
  });
  for (let at = 0; Number((await fleet.hub().digest())['sequence']) <= reached; at++)
    await fleet.hub().admin('POST', `${PUBLISHER}/scopes`, { name: `scope-${at}`, displayName: `Scope ${at}` });
  fleet.proxy.faults.refusing = false;
  await outcomes(follower, fleet.token(), 'allow');
  await caughtUp(fleet, follower);
  await block(id);
  await outcomes(follower, fleet.token(), 'subscription_blocked');
  await replaceHub(() => {
    rmSync(data, { recursive: true });
    cpSync(kept, data, { recursive: true });
    const file = readdirSync(data).find((name) => name.endsWith('.db')) ?? '';
    const db = new Database(join(data, file));
    db.prepare("UPDATE meta SET epoch = 'restored', revision = revision + 1000").run();
    db.close();
  });
  await outcomes(follower, fleet.token(), 'allow');
  expect((await follower.digest())['epoch']).toMatch(/^restored\./);
});

test('many changes at once end in the hub’s state', async () => {
  const followers = [await fleet.follow('one'), await fleet.follow('two'), await fleet.follow('three')];
  await Promise.all(
    Array.from({ length: 40 }, (_, at) =>
      fleet.hub().admin('POST', `${PUBLISHER}/scopes`, { name: `scope-${at}`, displayName: `Scope ${at}` }),
    ),
  );
  for (const follower of followers) await caughtUp(fleet, follower);
  const { body } = await fleet.hub().admin('GET', '/internal/data/v1/scopes');
  expect(body).toMatchObject({ count: 40 });
});
