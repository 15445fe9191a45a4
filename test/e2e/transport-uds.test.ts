// Checks over a Unix domain socket, with the shipped file for it: who may connect, what a crash leaves behind, and that nobody's
// socket is taken away.

import { lstatSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { eventually } from '../rig/eventually.ts';
import { type GatehouseProcess, startGatehouse } from '../rig/gatehouse-process.ts';
import { type Stack, startStack } from './stack.ts';

const MENU = '/pizza/1.0.0/menu';

let folder: string;
let socket: string;
let stack: Stack;
let gatehouse: GatehouseProcess;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-uds-'));
  socket = join(folder, 'gatehouse.sock');
  stack = await startStack({ envoyFile: 'envoy-uds.yaml', settings: { extauthz: { listen: [`unix:${socket}`] } } });
  gatehouse = stack.gatehouse;
});
afterAll(async () => {
  await gatehouse?.stop();
  await stack?.stop();
  rmSync(folder, { recursive: true, force: true });
});

test('requests are decided over the socket, which only its owner and group may use', async () => {
  expect(gatehouse.endpoints).toEqual([socket]);
  expect(lstatSync(socket).isSocket()).toBe(true);
  expect((lstatSync(socket).mode & 0o777).toString(8)).toBe('660');
  expect((await stack.get(MENU, stack.token())).status).toBe(200);
  expect((await stack.get(MENU)).status).toBe(401);
  await eventually('Envoy to find it healthy', async () => {
    return (await stack.envoy.hostHealth('gatehouse')).get(socket) === 'healthy';
  });
});

test('the socket of a living Gatehouse is not taken by another: that one does not start, and requests go on', async () => {
  const rival = startGatehouse({ settings: { extauthz: { listen: [`unix:${socket}`] } } });
  await expect(rival).rejects.toThrow(`another process serves ${socket}; stop it or choose another path`);
  expect((await stack.get(MENU, stack.token())).status).toBe(200);
});

test('nor is the socket of any other program', async () => {
  const path = join(folder, 'other.sock');
  // Whoever looks whether it is served hangs up at once.
  const other = createServer((connection) => connection.on('error', () => connection.destroy()).end('mine'));
  await new Promise<void>((resolve) => other.listen(path, resolve));
  try {
    const rival = startGatehouse({ settings: { extauthz: { listen: [`unix:${path}`] } } });
    await expect(rival).rejects.toThrow(`another process serves ${path}`);
    expect(lstatSync(path).isSocket()).toBe(true);
  } finally {
    await new Promise((resolve) => other.close(resolve));
  }
});

test('a socket that a crash has left is replaced at the next start, and Envoy finds the new one', async () => {
  gatehouse.signal('SIGKILL');
  await gatehouse.exited;
  const stale = lstatSync(socket);
  expect((await stack.get(MENU, stack.token())).status).toBe(503);
  gatehouse = await gatehouse.again();
  expect(lstatSync(socket).mtimeMs).toBeGreaterThan(stale.mtimeMs);
  await eventually('a request to pass', async () => (await stack.get(MENU, stack.token())).status === 200);
});

test('an orderly end takes the socket away', async () => {
  await gatehouse.stop();
  expect(() => lstatSync(socket)).toThrow('ENOENT');
});
