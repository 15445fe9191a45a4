// The Dockerfile's steps in empty folders: what it would put into the image is built, and started as the unprivileged user with
// nothing writable but its volume. That Docker itself accepts the file is not shown here.

import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { TOP } from '../house/source-files.ts';
import { buildImage, type ContainerImage, nodeFolder } from '../rig/container-build.ts';
import { eventually } from '../rig/eventually.ts';
import { type RunningProcess, startProcess } from '../rig/running-process.ts';

/** `nobody` where the test runs as root, else whoever runs it. */
const UID = process.getuid?.() === 0 ? 65_534 : (process.getuid?.() ?? 0);

let folder: string;
let bin: string;
let image: ContainerImage;
let running: RunningProcess | undefined;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatehouse-image-'));
  chmodSync(folder, 0o755);
  bin = nodeFolder(folder);
  image = buildImage(readFileSync(join(TOP, 'Dockerfile'), 'utf8'), { folder, context: TOP, bin, uid: UID });
});
afterAll(async () => {
  await running?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const inImage = (args: readonly string[]) => ({
  command: join(bin, 'node'),
  args: args.slice(1).map((arg) => (arg === '/data' ? join(image.root, 'data') : arg)),
  cwd: join(image.root, image.workdir),
  uid: UID,
});

test('the image has the program and its production packages, and neither tests nor development packages', () => {
  const app = join(image.root, image.workdir);
  expect(existsSync(join(app, 'dist/main.js'))).toBe(true);
  expect(existsSync(join(app, 'node_modules/@grpc/grpc-js'))).toBe(true);
  for (const absent of ['test', 'node_modules/vitest', 'node_modules/typescript', 'node_modules/node'])
    expect(existsSync(join(app, absent)), absent).toBe(false);
});

test('it starts as an unprivileged user that can write to its volume only, and its health check succeeds', async () => {
  expect(image.user).toBe('node');
  expect(statSync(join(image.root, 'data')).mode & 0o777).toBe(0o700);
  const { command, args, cwd, uid } = inImage([...image.entrypoint, ...image.cmd]);
  const env = {
    ...image.env,
    GATEHOUSE_EXTAUTHZ_LISTEN: '["tcp://127.0.0.1:0"]',
    GATEHOUSE_ADMIN_PORT: '0',
    GATEHOUSE_EXTAUTHZ_DRAIN_MS: '0',
  };
  running = await startProcess({ command, args, cwd, env, uid });
  const ready = await eventually('the ready line', () =>
    running?.stdout.map((line) => JSON.parse(line) as Record<string, unknown>).find((line) => line['msg'] === 'ready'),
  );
  const target = String((ready['extauthz'] as string[])[0]).replace('tcp://', '');
  const health = inImage([...image.healthcheck, '--target', target]);
  expect(execFileSync(health.command, health.args, { cwd: health.cwd, uid: health.uid }).toString()).toBe('SERVING\n');
  expect(await running.stop()).toBe(0);
});
