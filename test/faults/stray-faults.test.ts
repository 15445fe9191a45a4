// Faults that surface outside of any request: they are counted and told, and end nothing, at the end neither.

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { MAIN, startGatehouse } from '../rig/gatehouse-process.ts';
import { temporaryFolder } from '../rig/temporary-folder.ts';

/** Throws in a turn of its own while a thread is taken down, which is before the catalog is closed. */
const AT_THE_END = `data:text/javascript,${encodeURIComponent(`
  import { Worker } from 'node:worker_threads';
  const { terminate } = Worker.prototype;
  Worker.prototype.terminate = function () {
    setImmediate(() => { throw new Error('stray'); });
    return terminate.call(this);
  };
`)}`;

test('one that surfaces while everything is closed does not cut the closing off', async () => {
  const gatehouse = await startGatehouse({ nodeFlags: ['--import', AT_THE_END] });
  expect(await gatehouse.stop()).toBe(0);
  expect(gatehouse.log()).toContainEqual(
    expect.objectContaining({ level: 'error', msg: 'a defect outside of any request' }),
  );
});

test('a command whose reader is gone says nothing of it', async () => {
  const command = spawn(process.execPath, [MAIN, '--help'], { stdio: ['ignore', 'pipe', 'pipe'] });
  command.stdout.destroy();
  const [said, [code]] = await Promise.all([text(command.stderr), once(command, 'exit')]);
  expect({ said, code }).toEqual({ said: '', code: 0 });
});

test('a server whose log nobody reads any more serves, and ends in order', async () => {
  const folder = temporaryFolder();
  const dataDir = join(folder, 'data');
  mkdirSync(dataDir, { mode: 0o700 });
  const config = join(folder, 'gatehouse.yaml');
  const extauthz = { listen: ['tcp://127.0.0.1:0'], drainMs: 0 };
  writeFileSync(config, JSON.stringify({ dataDir, catalogFile: null, extauthz, admin: { port: 0 } }));
  const server = spawn(process.execPath, [MAIN, 'serve', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void server.kill('SIGKILL'));
  let log = '';
  server.stdout.setEncoding('utf8').on('data', (more: string) => {
    log += more;
  });
  const admin = await eventually('it to be ready', () => /"admin":"([^"]+)"/.exec(log)?.[1]);
  server.stdout.destroy();
  server.stderr.destroy();
  // Each refusal is a line of the log.
  for (let call = 0; call < 3; call += 1) expect((await fetch(`${admin}/catalog`)).status).toBe(401);
  expect((await fetch(`${admin}/healthz`)).status).toBe(200);
  const exited = once(server, 'exit');
  server.kill('SIGTERM');
  expect(await exited).toEqual([0, null]);
});
