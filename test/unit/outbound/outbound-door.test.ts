// The door over real servers: what it lets through, where it stops, and what it calls that.

import { createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, expect, test } from 'vitest';
import { KeyServer } from '../tokens/key-server.ts';
import { keyManager } from '../tokens/token-sample.ts';
import { get, openDoor, outcomeOf } from './open-door.ts';

const server = await new KeyServer().listen();
const open = openDoor();
const guarded = openDoor({ allowLoopback: false });
afterEach(() => {
  server.status = 200;
  server.headers = {};
  server.gate = Promise.resolve();
});
afterAll(async () => {
  await open.close();
  await guarded.close();
  await server[Symbol.asyncDispose]();
});
const fetched = (url = server.url(), changes = {}) => outcomeOf(get(open, url, { timeoutMs: 20_000, ...changes }));

test('gives a document, whatever its content type, asks for no compression and sends no credential of its own', async () => {
  server.body = '{"keys":[1]}';
  server.headers = { 'X-Kind': 'a' };
  const reply = await get(open, server.url());
  expect(reply).toMatchObject({ status: 200, text: '{"keys":[1]}' });
  expect('header' in reply && reply.header('X-Kind')).toBe('a');
  expect(server.lastHeaders).toMatchObject({ 'accept-encoding': 'identity' });
  expect(server.lastHeaders).not.toHaveProperty('authorization');
});

test.each([204, 400, 401, 404, 500, 503])('hands on status %i', async (status) => {
  server.status = status;
  expect(await get(open, server.url())).toMatchObject({ status });
});

test.each([301, 302, 303, 307, 308])('follows no redirect: %i', async (status) => {
  const before = server.fetches;
  server.status = status;
  server.headers = { location: server.url('/elsewhere') };
  expect(await fetched()).toBe('redirect_refused');
  expect(server.fetches).toBe(before + 1);
});

test('posts a body', async () => {
  server.body = 'ok';
  expect(await fetched(server.url('/introspect?a=b'), { method: 'POST', body: 'token=t' })).toBe('ok');
  expect(server.asked.at(-1)).toBe('/introspect?a=b');
  expect(server.lastHeaders).toMatchObject({ 'content-length': '7' });
});

test('takes as much as the request says and not a byte more, announced or not', async () => {
  server.body = 'x'.repeat(512 * 1024);
  expect(await fetched()).toBe(server.body);
  server.body = 'x'.repeat(512 * 1024 + 1);
  expect(await fetched()).toBe('too_large');
  server.headers = { 'transfer-encoding': 'chunked' };
  expect(await fetched()).toBe('too_large');
  expect(await fetched(server.url(), { maxBytes: 10 })).toBe('too_large');
});

test('42 MB end when the limit is reached, not when they have all come', async () => {
  let sent = 0;
  let ended = false;
  const flood = createServer((socket) => {
    socket
      .on('error', () => undefined)
      .on('close', () => {
        ended = true;
      });
    socket.write('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n{"keys":["');
    const more = () => {
      while (!ended && sent < 42_000_000) {
        sent += 65_536;
        if (!socket.write(Buffer.alloc(65_536, 'x'))) {
          socket.once('drain', more);
          return;
        }
      }
    };
    more();
  });
  await new Promise<void>((done) => flood.listen(0, '127.0.0.1', done));
  const { port } = flood.address() as { port: number };
  expect(await fetched(`http://127.0.0.1:${port}/`, { timeoutMs: 20_000 })).toBe('too_large');
  await expect.poll(() => ended).toBe(true);
  expect(sent).toBeLessThan(42_000_000);
  await new Promise((done) => flood.close(done));
});

test.each(['gzip', 'br', 'deflate', 'gzip, identity'])(
  'does not unpack what it asked not to have packed: %s',
  async (encoding) => {
    server.headers = { 'content-encoding': encoding };
    server.body = gzipSync(Buffer.alloc(50_000_000));
    expect(await fetched()).toBe('encoding_refused');
  },
);

test('refuses what is not UTF-8', async () => {
  server.body = Buffer.from([0xff, 0xfe]);
  expect(await fetched()).toBe('not_utf8');
});

test('gives up on a server that says nothing', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  server.gate = promise;
  expect(await fetched(server.url(), { timeoutMs: 300 })).toBe('timeout');
  resolve();
});

test('gives up on servers that drip headers or bodies, and on one that never speaks TLS', async () => {
  const sockets = new Set<Socket>();
  const dripping = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('data', (bytes) => {
      if (bytes[0] === 0x16) return;
      if (bytes.includes('/body')) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 100000\r\n\r\n');
      else socket.write('HTTP/1.1 200 OK\r\nx-a: ');
      const timer = setInterval(() => socket.write('x'), 20);
      socket.on('close', () => clearInterval(timer));
    });
  });
  await new Promise<void>((done) => dripping.listen(0, '127.0.0.1', done));
  const { port } = dripping.address() as { port: number };
  for (const url of [`http://127.0.0.1:${port}/body`, `http://127.0.0.1:${port}/head`, `https://127.0.0.1:${port}/`])
    expect(await fetched(url, { timeoutMs: 300 })).toBe('timeout');
  for (const socket of sockets) socket.destroy();
  await new Promise((done) => dripping.close(done));
});

test('names failures by a closed vocabulary', async () => {
  const closed = await new KeyServer().listen();
  const url = closed.url();
  await closed[Symbol.asyncDispose]();
  expect(await fetched(url)).toBe('econnrefused');
  expect(await fetched(server.url().replace('http:', 'https:'))).toBe('tls_failed');
  const rude = createServer((socket) =>
    socket.on('error', () => undefined).once('data', () => socket.end('token=secret\r\n\r\n')),
  );
  await new Promise<void>((done) => rude.listen(0, '127.0.0.1', done));
  const { port } = rude.address() as { port: number };
  expect(await fetched(`http://127.0.0.1:${port}/`)).toBe('not_http');
  await new Promise((done) => rude.close(done));
});

test('a name that leads to a refused address is not dialled', async () => {
  const before = server.fetches;
  server.body = '{}';
  expect(await outcomeOf(get(guarded, `http://localhost:${server.port}/`))).toBe('address_refused');
  expect(await outcomeOf(get(guarded, server.url()))).toBe('url_refused');
  expect(server.fetches).toBe(before);
  expect(await fetched(`http://localhost:${server.port}/`)).toBe('{}');
});

test('beyond its requests under way a key manager is refused at once, and others are not', async () => {
  const told: string[] = [];
  const door = openDoor({ maxConnections: 2, maxFlights: 3, onReply: (id, problem) => told.push(`${id} ${problem}`) });
  const { promise, resolve } = Promise.withResolvers<void>();
  server.gate = promise;
  server.body = 'ok';
  const [one, two, three] = ['km-1', 'km-2', 'km-3'].map((id) => ({ keyManager: keyManager({ id }) }));
  const waiting = [get(door, server.url(), one), get(door, server.url(), one)];
  expect(door.flights()).toBe(2);
  expect(await outcomeOf(get(door, server.url(), one))).toBe('too_many_flights');
  waiting.push(get(door, server.url(), two));
  expect(await outcomeOf(get(door, server.url(), three))).toBe('too_many_flights');
  resolve();
  expect(await Promise.all(waiting.map(outcomeOf))).toEqual(['ok', 'ok', 'ok']);
  expect(door.flights()).toBe(0);
  expect(await outcomeOf(get(door, server.url(), three))).toBe('ok');
  expect(told.filter((line) => line.endsWith('too_many_flights'))).toHaveLength(2);
  expect(told).toHaveLength(6);
  await door.close();
});

test('says itself how and to whom a message travels, whatever headers it is given', async () => {
  server.body = 'ok';
  const headers = { HOST: 'evil.example', 'Accept-Encoding': 'gzip', 'Transfer-Encoding': 'chunked', 'X-Own': 'a' };
  expect(await fetched(server.url(), { headers, method: 'POST', body: 'a' })).toBe('ok');
  expect(server.lastHeaders).toMatchObject({
    host: `127.0.0.1:${server.port}`,
    'accept-encoding': 'identity',
    'content-length': '1',
    'x-own': 'a',
  });
  expect(server.lastHeaders).not.toHaveProperty('transfer-encoding');
});

test('asks once more where a kept connection was closed as it was used, and not a third time', async () => {
  let requests = 0;
  let answers = 0;
  const closing = createServer((socket) => {
    let isFirst = true;
    socket
      .on('error', () => undefined)
      .on('data', () => {
        requests += 1;
        if (!isFirst || answers === 0) return socket.destroy();
        isFirst = false;
        answers -= 1;
        return socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
  });
  await new Promise<void>((done) => closing.listen(0, '127.0.0.1', done));
  const { port } = closing.address() as { port: number };
  const ask = async () => {
    const outcome = await fetched(`http://127.0.0.1:${port}/`, { method: 'POST', body: 'token=t' });
    // Until the connection is back in its pool.
    await sleep(50);
    return outcome;
  };
  answers = 2;
  expect([await ask(), await ask(), requests]).toEqual(['ok', 'ok', 3]);
  answers = 0;
  expect(await ask()).toBe('connection_closed');
  expect(requests).toBe(5);
  await new Promise((done) => closing.close(done));
});

test('a closed door sends nothing', async () => {
  const door = openDoor();
  server.body = 'ok';
  expect(await outcomeOf(get(door, server.url()))).toBe('ok');
  await door.close();
  const before = server.fetches;
  expect(await outcomeOf(get(door, server.url()))).toBe('closed');
  expect(server.fetches).toBe(before);
});
