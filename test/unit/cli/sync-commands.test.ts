// `sync status` and `sync confirm` against a real admin side.

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type AdminRig, memoryFleet, startRig, TOKENS } from '../admin/admin-rig.ts';
import { runCli, temporaryFolder } from './cli-rig.ts';

let status: Readonly<Record<string, unknown>> = {};
let held = false;
let rig: AdminRig;
beforeAll(async () => {
  rig = await startRig({ fleet: { ...memoryFleet(), status: () => status, confirm: () => held } });
});
afterAll(() => rig.stop());

async function sync(args: readonly string[], token = TOKENS.all) {
  const file = join(temporaryFolder(), 'admin-token');
  writeFileSync(file, token);
  const run = runCli(['sync', ...args, '--admin', rig.url, '--admin-token-file', file]);
  return { code: await run.code, out: run.out.join('\n'), err: run.err.join('\n') };
}

test('status tells how a copy stands, and exits 0 where it is in touch with its source', async () => {
  status = {
    source: 'hub',
    state: 'following',
    complete: true,
    ageSeconds: 2.4,
    loadedRows: 10,
    problem: null,
    position: { epoch: 'e', sequence: 41 },
    lag: 3,
    followers: [],
  };
  const { code, out } = await sync(['status']);
  expect(code).toBe(0);
  expect(out.split('\n')).toEqual([
    'source    hub',
    'state     following',
    'sequence  41, 3 behind',
    'in sync   2 s ago',
  ]);
});

test('status says what is wrong and exits 1 where the source is away', async () => {
  status = { ...status, state: 'away', lag: 0, problem: 'the hub cannot be followed (econnrefused)' };
  const { code, out } = await sync(['status']);
  expect(code).toBe(1);
  expect(out).toContain('problem   the hub cannot be followed (econnrefused)');
});

test('status counts the rows of a copy that is on its way', async () => {
  status = { ...status, state: 'loading', complete: false, loadedRows: 500_000, problem: null };
  const { code, out } = await sync(['status']);
  expect([code, out]).toEqual([1, expect.stringContaining('loaded    500000 rows')]);
});

test('status tells at the hub how far each follower is, as text and as JSON', async () => {
  const followers = [
    { name: 'follower/a', connected: true, position: { epoch: 'e', sequence: 7 } },
    { name: 'follower/b', connected: false },
  ];
  status = { source: 'alone', state: 'following', complete: true, ageSeconds: 0, problem: null, followers };
  const { out } = await sync(['status']);
  expect(out).toMatch(/^source {4}alone: the catalog is its own\n(?!state|in sync)/);
  expect(out).toContain('follower  follower/a: connected, has 7\nfollower  follower/b: away, has nothing yet');
  expect(JSON.parse((await sync(['status', '--json'])).out)).toEqual(status);
});

test('confirm has what is held back taken, and exits 1 where nothing is', async () => {
  held = true;
  expect(await sync(['confirm'])).toMatchObject({ code: 0, out: 'what was held back is taken' });
  held = false;
  expect(await sync(['confirm'])).toMatchObject({ code: 1, err: expect.stringContaining('Nothing is held back') });
});

test('a caller without the right is told so', async () => {
  expect(await sync(['status'], TOKENS.keys)).toMatchObject({ code: 3, err: expect.stringContaining('status 403') });
});
