// A hub's routes over real HTTP: what a follower's credential may do, how answers stream, and what a write that waits for the fleet
// is told.

import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type ChangeLine, readChangeLines } from '../../../../src/sync/changes/change-lines.ts';
import { eventually } from '../../../rig/eventually.ts';
import { type MemoryHistory, memoryHistory, scopeChange } from '../../sync/copies.ts';
import { type AdminRig, CREDENTIALS, memoryFleet, startRig, TOKENS } from '../admin-rig.ts';

const KEY_MANAGERS = '/api/am/admin/v4/key-managers';
const REVOCATION = {
  id: 'r-1',
  kind: 'jti',
  value: 'j',
  organization: 'carbon.super',
  keyManagerId: null,
  keyManagerType: null,
  issuedBeforeMs: null,
  expiresAtMs: null,
  createdAtMs: 1,
  createdBy: 'ops',
  lifted: false,
};
let history: MemoryHistory;
let fleet: ReturnType<typeof memoryFleet>;
let rig: AdminRig;
beforeAll(async () => {
  history = memoryHistory();
  history.write(scopeChange('a'), scopeChange('b'));
  fleet = memoryFleet(history);
  rig = await startRig({ fleet });
});
afterAll(() => rig.stop());

/** Lines of an answer as they come; `close` hangs up. */
async function open(path: string, name = 'f-1', { url } = rig) {
  const hangUp = new AbortController();
  const answer = await fetch(`${url}${path}`, {
    headers: { authorization: `Bearer ${TOKENS.sync}`, 'x-gatehouse-follower': name },
    signal: hangUp.signal,
  });
  const lines = readChangeLines(answer.body ?? (async function* () {})());
  const next = async () => (await lines.next()).value as ChangeLine | undefined;
  return { status: answer.status, type: answer.headers.get('content-type'), next, close: () => hangUp.abort() };
}

describe('a credential with the right sync and no other', () => {
  test('reads a snapshot', async () => {
    const { status, type, next } = await open('/sync/snapshot');
    expect([status, type]).toEqual([200, 'application/x-ndjson; charset=utf-8']);
    const kinds = [];
    for (let line = await next(); line !== undefined; line = await next()) kinds.push(line.kind);
    expect(kinds).toEqual(['snapshot', 'change', 'change', 'end']);
  });

  test.each([
    ['GET', KEY_MANAGERS],
    ['POST', KEY_MANAGERS],
    ['GET', '/revocations'],
    ['POST', '/revocations'],
    ['GET', '/audit'],
    ['GET', '/metrics'],
    ['POST', '/internal/data/v1/notify'],
    ['POST', '/sync/confirm'],
  ])('may not %s %s', async (method, path) => {
    expect((await rig.call(method, path, TOKENS.sync, method === 'POST' ? {} : undefined)).status).toBe(403);
  });

  test('of another organization may not read everything', async () => {
    for (const path of ['/sync/snapshot', '/sync/changes?epoch=first&after=1', '/sync/digest'])
      expect((await rig.call('GET', path, TOKENS.other)).status).toBe(403);
  });
});

describe('the feed', () => {
  test('stays open and brings each change when it is written', async () => {
    const { epoch, sequence } = history.position();
    const feed = await open(`/sync/changes?epoch=${epoch}&after=${sequence}`);
    expect(await feed.next()).toEqual({ kind: 'heartbeat', position: { epoch, sequence } });
    history.write(scopeChange('c'));
    let line = await feed.next();
    while (line?.kind === 'heartbeat') line = await feed.next();
    expect(line).toMatchObject({ kind: 'batch', from: { sequence }, to: { sequence: sequence + 1 } });
    expect(await feed.next()).toEqual({ kind: 'change', change: scopeChange('c') });
    feed.close();
  });

  test('ends at once with what there is where it is asked for with wait', async () => {
    const kinds = [];
    const feed = await open('/sync/changes?epoch=first&after=1&wait=60');
    for (let line = await feed.next(); line !== undefined; line = await feed.next()) kinds.push(line.kind);
    expect(kinds).toEqual(['heartbeat', 'batch', 'change', 'change', 'change', 'end', 'heartbeat']);
  });

  test.each([
    '',
    '?epoch=first',
    '?after=1',
    '?epoch=&after=1',
    '?epoch=first&after=-1',
    '?epoch=first&after=1e3',
    '?epoch=first&after=1&wait=61',
    `?epoch=${'x'.repeat(200)}&after=1`,
  ])('does not begin at the position "%s"', async (query) => {
    expect((await rig.call('GET', `/sync/changes${query}`, TOKENS.sync)).status).toBe(400);
  });

  test('a follower that hangs up is away', async () => {
    const feed = await open(`/sync/changes?epoch=first&after=2`, 'leaving');
    await feed.next();
    const seen = () => followers().find(({ name }) => name === 'sync/leaving')?.connected;
    expect(seen()).toBe(true);
    feed.close();
    await eventually('it is away', () => seen() === false);
  });

  test('an open feed does not keep the hub from stopping', async () => {
    const stopping = await startRig({ fleet });
    const answer = await fetch(`${stopping.url}/sync/changes?epoch=first&after=1`, {
      headers: { authorization: `Bearer ${TOKENS.sync}` },
    });
    const reading = answer.text();
    await stopping.stop();
    expect(await reading).toContain('heartbeat');
  });
});

describe('a write with ?wait=fleet', () => {
  let own: AdminRig;
  beforeEach(async () => {
    own = await startRig({ fleet: memoryFleet(history) });
  });
  afterEach(() => own.stop());
  const write = (name: string, query = '?wait=fleet', { call } = own) =>
    call('POST', `${KEY_MANAGERS}${query}`, TOKENS.all, { name, type: 'Okta' });

  test('is answered when every connected follower has told that it has it', async () => {
    const patient = await startRig({ fleet: memoryFleet(history, { longestWaitMs: 20_000 }) });
    const { epoch, sequence } = history.position();
    const feed = await open(`/sync/changes?epoch=${epoch}&after=${sequence}`, 'fast', patient);
    await feed.next();
    history.write(scopeChange('d'));
    const answering = write('km-1', '?wait=fleet', patient);
    const told = await fetch(`${patient.url}/sync/position`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${TOKENS.sync}`,
        'x-gatehouse-follower': 'fast',
        'content-type': 'application/json',
      },
      body: JSON.stringify(history.position()),
    });
    expect(told.status).toBe(204);
    const { status, headers } = await answering;
    expect([status, headers.get('x-gatehouse-fleet'), headers.get('x-gatehouse-fleet-acknowledged')]).toEqual([
      201,
      'complete',
      'sync/fast',
    ]);
    feed.close();
    await patient.stop();
  });

  test('names who does not have it in the end, and is done all the same', async () => {
    const gone = await open(`/sync/changes?epoch=first&after=2&wait=0`, 'gone', own);
    while ((await gone.next()) !== undefined);
    const feed = await open(`/sync/changes?epoch=first&after=2`, 'slow', own);
    await feed.next();
    history.write(scopeChange('e'));
    const { status, headers } = await write('km-2');
    expect([status, headers.get('x-gatehouse-fleet'), headers.get('x-gatehouse-fleet-lagging')]).toEqual([
      201,
      'lagging',
      // Who asks again and again counts as connected in between.
      'sync/gone, sync/slow',
    ]);
    feed.close();
  });

  test('is answered whatever followers and credentials are called, in headers that every client takes', async () => {
    const name = 'Überwachung – ost, 1';
    const sha256 = createHash('sha256').update(TOKENS.sync).digest('hex');
    const others = CREDENTIALS.filter((one) => one.sha256 !== sha256);
    // They count as connected for a while, and not all have to come within it.
    const odd = await startRig({
      fleet: memoryFleet(history, { clock: () => 0 }),
      credentials: [...others, { name, sha256, organization: 'carbon.super', rights: ['sync'], roles: [] }],
    });
    for (let follower = 0; follower < 200; follower += 1) {
      const feed = await open('/sync/changes?epoch=first&after=2&wait=0', `f-${follower}-${'x'.repeat(50)}`, odd);
      while ((await feed.next()) !== undefined);
    }
    const body = { name: 'km-odd', type: 'Okta' };
    const { status, headers } = await odd.call('POST', `${KEY_MANAGERS}?wait=fleet`, TOKENS.all, body);
    expect([status, headers.get('x-gatehouse-fleet')]).toEqual([201, 'lagging']);
    expect(headers.get('x-gatehouse-fleet-lagging')).toMatch(/^\?berwachung.{1,5000}, \+168$/);
    await odd.stop();
  });

  test('without it nobody waits, and a refused write does not either', async () => {
    expect((await write('km-3', '')).headers.get('x-gatehouse-fleet')).toBe(null);
    const refused = await write('km-3');
    expect([refused.status, refused.headers.get('x-gatehouse-fleet')]).toEqual([409, null]);
  });
});

describe('a follower', () => {
  const HUB = 'https://hub.example:9443';
  let follower: AdminRig;
  beforeAll(async () => {
    follower = await startRig({ fleet: { ...memoryFleet(), hub: undefined, sourceUrl: HUB } });
  });
  afterAll(() => follower.stop());

  test.each([
    ['POST', KEY_MANAGERS],
    ['PUT', `${KEY_MANAGERS}/id-1`],
    ['DELETE', `${KEY_MANAGERS}/id-1`],
    ['POST', '/api/am/admin/v4/global-key-managers'],
  ])('refuses %s %s and names its hub', async (method, path) => {
    const answer = await follower.call(method, path, TOKENS.all, method === 'DELETE' ? undefined : {});
    expect(answer.status).toBe(409);
    expect(await answer.text()).toContain(HUB);
  });

  test('takes revocations, reads, and looks at key managers', async () => {
    const statuses = [
      await follower.call('POST', '/revocations', TOKENS.all, { kind: 'jti', value: 'j' }),
      await follower.call('GET', KEY_MANAGERS, TOKENS.all),
      await follower.call('POST', `${KEY_MANAGERS}/id-1/test`, TOKENS.all, {}),
    ].map(({ status }) => status);
    expect(statuses).toEqual([201, 200, 200]);
  });

  test('is nobody’s hub', async () => {
    for (const path of ['/sync/snapshot', '/sync/changes?epoch=e&after=1'])
      expect((await follower.call('GET', path, TOKENS.sync)).status).toBe(409);
  });
});

describe('revocations that a follower brings', () => {
  test('are taken as they are', async () => {
    const taken: unknown[] = [];
    const own = await startRig({
      fleet: {
        ...fleet,
        hub: {
          ...fleet.hub,
          takeRevocations: async (entries, { caller }) => {
            taken.push(caller, ...entries);
            return { kind: 'written' };
          },
        },
      },
    });
    const answer = await own.call('POST', '/sync/revocations', TOKENS.sync, { revocations: [REVOCATION] });
    expect([answer.status, taken]).toEqual([204, ['sync', REVOCATION]]);
    await own.stop();
  });

  test.each([
    ['none', []],
    ['one of an unknown kind', [{ ...REVOCATION, kind: 'everything' }]],
    ['one that lacks its time', [{ ...REVOCATION, createdAtMs: undefined }]],
    ['one with more to it', [{ ...REVOCATION, more: true }]],
  ])('are refused as a whole: %s', async (_what, revocations) => {
    expect((await rig.call('POST', '/sync/revocations', TOKENS.sync, { revocations })).status).toBe(400);
  });
});

function followers() {
  const { followers: list } = fleet.status() as {
    followers: readonly { readonly name: string; readonly connected: boolean }[];
  };
  return list;
}
