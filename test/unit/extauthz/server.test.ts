// The server on its sockets: addresses, limits, health, and leaving without dropping a call.

import { lstat, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, type ClientReadableStream, credentials, Metadata, type MethodDefinition, status } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Decision } from '../../../src/domain/decision.ts';
import { CheckClient } from '../../../src/extauthz/check-client.ts';
import { AUTHORIZATION_SERVICE, loadServices } from '../../../src/extauthz/proto-services.ts';
import { grpcTarget, type ListenAddress, type TcpAddress } from '../../../src/grpc/listen-address.ts';
import { framed } from '../../../src/grpc/message-reader.ts';
import { eventually } from '../../rig/eventually.ts';
import { callHeaders, dataFrame, FLAG, FRAME, FrameConnection, frame, headersFrame } from '../grpc/http2-frames.ts';
import {
  ALLOW,
  DENY,
  LOOPBACK,
  PATIENCE_MS,
  QUESTION,
  type RunningServer,
  runServer,
  type Setting,
} from './running-server.ts';

const started: RunningServer[] = [];
let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gatehouse-'));
});
afterEach(async () => {
  for (const running of started.splice(0)) await running.stop();
  await rm(folder, { recursive: true });
});

async function serve(decide: () => Decision | Promise<Decision>, setting: Setting = {}): Promise<RunningServer> {
  const running = await runServer(decide, setting);
  started.push(running);
  return running;
}

const target = (running: RunningServer) => grpcTarget(running.server.addresses[0] as ListenAddress);
const socketAt = (path: string): ListenAddress => ({ kind: 'unix', path });

describe('addresses', () => {
  test('a free port is taken and told', async () => {
    const running = await serve(() => ALLOW);
    expect(running.server.addresses).toEqual([{ kind: 'tcp', host: '127.0.0.1', port: expect.any(Number) }]);
    expect(running.server.addresses[0]).not.toMatchObject({ port: 0 });
  });

  test('several are served at once, an IPv6 one among them', async () => {
    const listen = [LOOPBACK, { kind: 'tcp', host: '::1', port: 0 }, socketAt(join(folder, 'authz.sock'))] as const;
    const running = await serve(() => DENY, { listen });
    for (const address of running.server.addresses) {
      const client = new CheckClient(address as ListenAddress & { tls?: undefined });
      expect(await client.check(QUESTION, PATIENCE_MS)).toMatchObject({ httpStatus: 401 });
      client.close();
    }
  });

  test('a port that is taken is an error that names it, and nothing stays open', async () => {
    const first = await serve(() => ALLOW);
    const path = join(folder, 'authz.sock');
    const taken = first.server.addresses[0] as ListenAddress;
    await expect(runServer(() => ALLOW, { listen: [socketAt(path), taken] })).rejects.toThrow(
      `cannot listen on ${grpcTarget(taken)}`,
    );
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a socket is for owner and group, and is gone after the end', async () => {
    const path = join(folder, 'authz.sock');
    const running = await serve(() => ALLOW, { listen: [socketAt(path)] });
    expect((await lstat(path)).mode & 0o777).toBe(0o660);
    await running.stop();
    await expect(lstat(path)).rejects.toMatchObject({ code: 'ENOENT' });
  });

  test('a socket that a crash left behind is replaced', async () => {
    const path = join(folder, 'authz.sock');
    await leaveStaleSocket(path);
    const running = await serve(() => ALLOW, { listen: [socketAt(path)] });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
  });

  test('a socket that somebody answers is left alone', async () => {
    const path = join(folder, 'authz.sock');
    const first = await serve(() => ALLOW, { listen: [socketAt(path)] });
    await expect(runServer(() => DENY, { listen: [socketAt(path)] })).rejects.toThrow(`another process serves ${path}`);
    expect(await first.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
  });

  test('a file that is no socket is left alone', async () => {
    const path = join(folder, 'data');
    await writeFile(path, 'precious');
    await expect(runServer(() => ALLOW, { listen: [socketAt(path)] })).rejects.toThrow(
      `${path} exists and is not a socket`,
    );
    expect((await lstat(path)).isFile()).toBe(true);
  });

  test('a socket path that the system would cut is refused', async () => {
    const path = join(folder, 'a'.repeat(120));
    await expect(runServer(() => ALLOW, { listen: [socketAt(path)] })).rejects.toThrow('longer than 107 bytes');
  });
});

describe('limits', () => {
  test('a message over 256 KiB is refused, the next is served', async () => {
    const running = await serve(() => ALLOW);
    const headers = [['x-large', 'a'.repeat(300 * 1024)]] as const;
    await expect(running.client.check({ ...QUESTION, headers }, PATIENCE_MS)).rejects.toMatchObject({
      code: status.RESOURCE_EXHAUSTED,
    });
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
    expect(running.records).toHaveLength(1);
  });

  test('a message near Envoy’s own limit of 60 KiB of headers is served', async () => {
    const running = await serve(() => ALLOW);
    const headers = Array.from({ length: 100 }, (_, i) => [`x-${i}`, 'a'.repeat(600)] as const);
    expect(await running.client.check({ ...QUESTION, headers, headerMode: 'raw' }, PATIENCE_MS)).toMatchObject({
      status: 0,
    });
  });

  test.each([
    ['under its limit is served', 14, undefined],
    ['over its limit never reaches a decision', 18, expect.any(Number)],
  ])('gRPC metadata %s', async (_name, kibibytes, error) => {
    const running = await serve(() => ALLOW);
    const method = loadServices().authorization['Check'] as MethodDefinition<object, object>;
    const metadata = new Metadata();
    for (let i = 0; i < kibibytes; i++) metadata.set(`x-${i}`, 'a'.repeat(1024));
    await withClient(target(running), async (client) => {
      await new Promise<void>((resolve, reject) =>
        client.waitForReady(Date.now() + PATIENCE_MS, (e) => (e ? reject(e) : resolve())),
      );
      const code = await new Promise((resolve) => {
        const { path, requestSerialize, responseDeserialize } = method;
        client.makeUnaryRequest(path, requestSerialize, responseDeserialize, {}, metadata, (failed) =>
          resolve(failed?.code),
        );
      });
      expect(code).toEqual(error);
    });
    expect(running.records).toHaveLength(error === undefined ? 1 : 0);
  });

  test('more checks than the limit of streams wait their turn and are all answered', async () => {
    const running = await serve(async () => ALLOW);
    const answers = await Promise.all(Array.from({ length: 250 }, () => running.client.check(QUESTION, PATIENCE_MS)));
    expect(answers.every((answer) => answer.status === 0)).toBe(true);
  });
});

describe('health', () => {
  test('is not serving until told so, and says what it was told', async () => {
    const running = await serve(() => ALLOW);
    expect(await running.client.isServing(PATIENCE_MS)).toBe(false);
    running.server.setServing(true);
    expect(await running.client.isServing(PATIENCE_MS)).toBe(true);
    running.server.setServing(false);
    expect(await running.client.isServing(PATIENCE_MS)).toBe(false);
  });

  test('knows the whole server and the service, and no other', async () => {
    const running = await serve(() => ALLOW);
    running.server.setServing(true);
    expect(await healthOf(target(running), '')).toBe('SERVING');
    expect(await healthOf(target(running), AUTHORIZATION_SERVICE)).toBe('SERVING');
    expect(await healthOf(target(running), 'other')).toBe('NOT_FOUND');
  });

  test('is not changed by a defect', async () => {
    const running = await serve(() => Promise.reject(new Error('bug')));
    running.server.setServing(true);
    await running.client.check(QUESTION, PATIENCE_MS);
    expect(await running.client.isServing(PATIENCE_MS)).toBe(true);
  });

  test('is watched: every change is told, and the watch ends when the server leaves', async () => {
    const running = await serve(() => ALLOW);
    await withClient(target(running), async (client) => {
      const known = watch(client, AUTHORIZATION_SERVICE);
      const unknown = watch(client, 'other');
      await eventually('the first statuses', () => known.seen.length === 1 && unknown.seen.length === 1);
      running.server.setServing(true);
      await eventually('the change', () => known.seen.length === 2);
      await running.server.drain({ notServingMs: 0, graceMs: PATIENCE_MS });
      await Promise.all([known.ended, unknown.ended]);
      expect([known.seen, unknown.seen]).toEqual([[2, 1, 2], [3]]);
    });
  });
});

describe('drain', () => {
  test('turns Envoy away by health first, and still answers every check meanwhile', async () => {
    const running = await serve(() => ALLOW);
    running.server.setServing(true);
    const drained = running.server.drain({ notServingMs: 2_000, graceMs: PATIENCE_MS });
    running.server.setServing(true);
    expect(await running.client.isServing(PATIENCE_MS)).toBe(false);
    expect(await running.client.check(QUESTION, PATIENCE_MS)).toMatchObject({ status: 0 });
    await drained;
  });

  test('lets checks in flight finish, and takes no new ones', async () => {
    let finish: ((decision: Decision) => void) | undefined;
    const running = await serve(() => new Promise((resolve) => (finish = resolve)));
    const inFlight = running.client.check(QUESTION, PATIENCE_MS);
    await eventually('the check begins', () => finish !== undefined);
    const drained = running.server.drain({ notServingMs: 0, graceMs: PATIENCE_MS });
    await eventually('new connections are refused', () =>
      withClient(target(running), (client) => healthWith(client, '').then((health) => health === 'UNAVAILABLE')),
    );
    finish?.(ALLOW);
    expect(await inFlight).toMatchObject({ status: 0 });
    await drained;
  });

  test('waits for no watch, not even one that is asked for only then', async () => {
    const running = await serve(() => ALLOW);
    const { port } = running.server.addresses[0] as TcpAddress;
    const connection = FrameConnection.begun(port);
    const { path } = loadServices().health['Watch'] as MethodDefinition<object, object>;
    connection.send(headersFrame(1, callHeaders(path)), frame(FRAME.PING, FLAG.NONE, 0, Buffer.alloc(8)));
    await eventually('the call begins', () => connection.frames.some(({ type }) => type === FRAME.PING));
    const drained = running.server.drain({ notServingMs: 0, graceMs: 600_000 });
    await eventually('the GOAWAY', () => connection.frames.some(({ type }) => type === FRAME.GOAWAY));
    connection.send(dataFrame(1, framed(Buffer.alloc(0)), FLAG.END_STREAM));
    await connection.closed;
    connection.destroy();
    await drained;
    expect(connection.typesOn(1)).toEqual([FRAME.HEADERS, FRAME.DATA, FRAME.HEADERS]);
  });

  test('cuts off what outlasts its grace, without an allow', async () => {
    const running = await serve(() => new Promise(() => {}), { limitMs: 600_000 });
    const inFlight = running.client.check(QUESTION, PATIENCE_MS).catch((error: { code: number }) => error.code);
    await eventually('the check begins', () => running.client.isServing(PATIENCE_MS).then(() => true));
    await running.server.drain({ notServingMs: 0, graceMs: 50 });
    expect(await inFlight).toEqual(expect.any(Number));
    expect(running.records.map(({ decision }) => decision.outcome)).not.toContain('allow');
  });

  test('asked for twice happens once', async () => {
    const running = await serve(() => ALLOW);
    const first = running.server.drain({ notServingMs: 0, graceMs: 100 });
    expect(running.server.drain({ notServingMs: 0, graceMs: 0 })).toBe(first);
    await first;
  });
});

/** A socket file that nobody listens on: the server that made it was moved aside before it could remove it. */
async function leaveStaleSocket(path: string): Promise<void> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(path, resolve));
  await rename(path, `${path}.kept`);
  await new Promise((resolve) => server.close(resolve));
  await rename(`${path}.kept`, path);
}

async function withClient<T>(address: string, use: (client: Client) => Promise<T>): Promise<T> {
  const client = new Client(address, credentials.createInsecure(), { 'grpc.use_local_subchannel_pool': 1 });
  try {
    return await use(client);
  } finally {
    client.close();
  }
}

function healthOf(address: string, service: string): Promise<string> {
  return withClient(address, (client) => healthWith(client, service));
}

function healthWith(client: Client, service: string): Promise<string> {
  const { path, requestSerialize, responseDeserialize } = loadServices().health['Check'] as MethodDefinition<
    object,
    { status: number }
  >;
  return new Promise((resolve) => {
    client.makeUnaryRequest(path, requestSerialize, responseDeserialize, { service }, (error, reply) =>
      resolve(
        error === null ? (['UNKNOWN', 'SERVING', 'NOT_SERVING'][reply?.status ?? 0] ?? '') : (status[error.code] ?? ''),
      ),
    );
  });
}

function watch(client: Client, service: string): { seen: number[]; ended: Promise<void> } {
  const { path, requestSerialize, responseDeserialize } = loadServices().health['Watch'] as MethodDefinition<
    object,
    { status: number }
  >;
  const stream: ClientReadableStream<{ status: number }> = client.makeServerStreamRequest(
    path,
    requestSerialize,
    responseDeserialize,
    { service },
  );
  const seen: number[] = [];
  stream.on('data', (reply: { status: number }) => seen.push(reply.status));
  const ended = new Promise<void>((resolve, reject) => stream.on('end', resolve).on('error', reject));
  return { seen, ended };
}
