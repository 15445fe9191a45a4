// Backups and restores by the commands that operators use, before running processes: under load, exactly, and killed.

import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { expect, onTestFinished, test, vi } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseProcess, MAIN, startGatehouse } from '../rig/gatehouse-process.ts';
import { seededRandom } from '../rig/seeded-random.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

vi.setConfig({ testTimeout: 180_000 });

const run = (...args: readonly string[]) =>
  promisify(execFile)(process.execPath, [MAIN, ...args], { maxBuffer: 64 * 1_048_576 });
const dataOf = (folder: string) => join(folder, 'data');

async function post({ adminUrl, adminToken }: GatehouseProcess, document: object) {
  const reply = await fetch(`${adminUrl}/catalog`, {
    method: 'POST',
    headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
    body: JSON.stringify(document),
  });
  expect(reply.status).toBe(200);
}

async function exported({ adminUrl, folder }: GatehouseProcess): Promise<string> {
  const tokenFile = join(dataOf(folder), 'admin-token');
  return (await run('export', '--admin', adminUrl, '--admin-token-file', tokenFile)).stdout;
}

/** Names of the scopes in a database. */
function scopesIn(file: string): readonly string[] {
  const db = new Database(file, { readonly: true });
  try {
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    return db.prepare<[], string>('SELECT name FROM scope ORDER BY name').pluck().all();
  } finally {
    db.close();
  }
}

test('a backup under write load has whole transactions only, and every write that was acknowledged before it', async () => {
  const folder = temporaryFolder();
  const gatehouse = await startGatehouse({ folder });
  onTestFinished(async () => void (await gatehouse.stop()));
  let acknowledged = 0;
  let writing = true;
  const load = (async () => {
    for (let at = 0; writing; at += 1) {
      await post(gatehouse, { scopes: [{ name: `a${at}` }, { name: `b${at}` }] });
      acknowledged = at + 1;
    }
  })();
  // It is awaited in the end only.
  load.catch(() => undefined);
  onTestFinished(() => {
    writing = false;
  });
  const taken: number[] = [];
  for (let round = 0; round < 3; round += 1) {
    const copy = join(folder, `copy-${round}.db`);
    const before = acknowledged;
    await run('backup', copy, '--data', dataOf(folder));
    const names = scopesIn(copy);
    const halves = (letter: string) => names.filter((name) => name.startsWith(letter)).map((name) => name.slice(1));
    expect(halves('a')).toEqual(halves('b'));
    expect(halves('a').length).toBeGreaterThanOrEqual(before);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    taken.push(halves('a').length);
    await eventually('writes after the backup', () => acknowledged > halves('a').length + 1);
  }
  writing = false;
  await load;
  expect(taken.at(-1)).toBeGreaterThan(taken[0] ?? 0);
});

test('a restore brings back exactly what the copy had, and what it replaced is kept', async () => {
  const folder = temporaryFolder();
  const copy = join(folder, 'copy.db');
  const first = await startGatehouse({ folder });
  await post(first, {
    scopes: [{ name: 'order', roles: ['clerk'] }],
    applications: [{ name: 'Shop', owner: 'alice', attributes: { tier: 'gold' } }],
    denyPolicies: [{ type: 'USER', value: 'mallory' }],
  });
  const before = await exported(first);
  await run('backup', copy, '--data', dataOf(folder));
  await post(first, {
    scopes: [{ name: 'later' }],
    denyPolicies: [{ type: 'USER', value: 'mallory', enabled: false }],
  });
  await expect(run('restore', copy, '--data', dataOf(folder))).rejects.toMatchObject({
    code: 1,
    stderr: expect.stringContaining('in use'),
  });
  await first.stop();
  const { stdout } = await run('restore', copy, '--data', dataOf(folder));
  expect(stdout).toMatch(/they need the sealing keys: \S+\./);
  expect(scopesIn(join(dataOf(folder), 'catalog.db.before-restore'))).toContain('later');
  const second = await first.again();
  expect(await exported(second)).toBe(before);
  await second.stop();
});

test('a restore that is killed at any moment leaves the catalog of before or the copy, whole', async () => {
  const folder = temporaryFolder();
  const file = join(dataOf(folder), 'catalog.db');
  const copy = join(folder, 'copy.db');
  const gatehouse = await startGatehouse({ folder });
  for (let part = 0; part < 8; part += 1)
    await post(gatehouse, {
      scopes: Array.from({ length: 800 }, (_, at) => ({ name: `s${part}-${at}`, description: 'x'.repeat(900) })),
    });
  await run('backup', copy, '--data', dataOf(folder));
  await post(gatehouse, { scopes: [{ name: 'later' }] });
  const later = join(folder, 'later.db');
  await run('backup', later, '--data', dataOf(folder));
  await gatehouse.stop();
  const random = seededRandom(7);
  const startedAtMs = performance.now();
  await run('restore', later, '--data', dataOf(folder));
  const wholeMs = Math.ceil(performance.now() - startedAtMs);
  const left = { former: 0, restored: 0 };
  for (let round = 0; round < 10; round += 1) {
    const restoring = spawn(process.execPath, [MAIN, 'restore', copy, '--data', dataOf(folder)], { stdio: 'ignore' });
    const ended = once(restoring, 'exit');
    // Most of the time goes into the start of the process.
    await Promise.race([ended, sleep(wholeMs / 2 + random.below(wholeMs))]);
    restoring.kill('SIGKILL');
    await ended;
    const names = scopesIn(file);
    const isFormer = names.includes('later');
    expect(names).toHaveLength(isFormer ? 6401 : 6400);
    left[isFormer ? 'former' : 'restored'] += 1;
    if (!isFormer) await run('restore', later, '--data', dataOf(folder));
  }
  process.stdout.write(`killed while restoring: ${JSON.stringify(left)}\n`);
  await run('restore', copy, '--data', dataOf(folder));
  expect(scopesIn(file)).toHaveLength(6400);
  expect(existsSync(`${file}.restoring`)).toBe(false);
  const again = await gatehouse.again();
  expect((await exported(again)).match(/- name: s/g)).toHaveLength(6400);
  await again.stop();
  rmSync(folder, { recursive: true, force: true });
});
