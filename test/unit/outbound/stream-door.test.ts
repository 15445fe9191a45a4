// Replies that never end, over real sockets: they arrive as they are sent, break with a short code, and are guarded like all others.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import type { OutboundStream } from '../../../src/domain/outbound.ts';
import { eventually } from '../../rig/eventually.ts';
import { openDoor } from './open-door.ts';

type Answer = (reply: ServerResponse, request: IncomingMessage) => void;

async function serve(answer: Answer): Promise<string> {
  const server = createServer((request, reply) => answer(reply, request));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function open(url: string, { idleMs = 20_000, signal = new AbortController().signal, door = openDoor() } = {}) {
  const connection = { ca: null, serverName: null, clientCert: null, clientKey: null };
  const headers = { authorization: 'Bearer secret' };
  return door.openStream({ to: { id: 'hub', connection }, method: 'GET', url, headers, idleMs }, signal);
}

function streamOf(opened: Awaited<ReturnType<typeof open>>): OutboundStream {
  if ('problem' in opened) throw new Error(opened.problem);
  return opened;
}

test('parts arrive while the reply goes on', async () => {
  let send: (text: string) => void = () => undefined;
  const url = await serve((reply) => {
    send = (text) => void reply.write(text);
    reply.writeHead(200).write('one');
  });
  const { body } = streamOf(await open(url));
  const parts = body[Symbol.asyncIterator]();
  expect(String((await parts.next()).value)).toBe('one');
  send('two');
  expect(String((await parts.next()).value)).toBe('two');
  await parts.return?.();
});

test('a silence that is too long breaks it off', async () => {
  const url = await serve((reply) => void reply.writeHead(200).write('one'));
  const { body } = streamOf(await open(url, { idleMs: 1_000 }));
  const read = async () => {
    for await (const _ of body);
  };
  await expect(read()).rejects.toThrow('timeout');
});

test('a server that never answers is a problem', async () => {
  const url = await serve(() => undefined);
  expect(await open(url, { idleMs: 1_000 })).toEqual({ problem: 'timeout' });
});

test('a connection that breaks off is told by a short code, and nothing that was said', async () => {
  const url = await serve((reply) => {
    reply.writeHead(200).write('confidential');
    setTimeout(() => reply.destroy(), 20);
  });
  const { body } = streamOf(await open(url));
  const read = async () => {
    for await (const _ of body);
  };
  await expect(read()).rejects.toThrow(/^connection_closed$/);
});

test('of another status only that is told, and redirects are not followed', async () => {
  for (const status of [204, 302, 401, 503]) {
    const url = await serve((reply) => void reply.writeHead(status, { location: '/elsewhere' }).end());
    const opened = streamOf(await open(url));
    const parts = [];
    for await (const part of opened.body) parts.push(part);
    expect([opened.status, parts]).toEqual([status, []]);
  }
});

test('an end that is asked for closes the connection', async () => {
  let isClosed = false;
  const url = await serve((reply) => {
    reply.on('close', () => {
      isClosed = true;
    });
    reply.writeHead(200).write('one');
  });
  const over = new AbortController();
  const { body } = streamOf(await open(url, { signal: over.signal }));
  await body[Symbol.asyncIterator]().next();
  over.abort();
  await eventually('the server sees it', () => isClosed);
});

test('what may not be asked is not', async () => {
  const guarded = openDoor({ allowLoopback: false });
  expect(await open('http://127.0.0.1:1/x', { door: guarded })).toEqual({ problem: 'url_refused' });
  expect(await open('http://169.254.169.254/latest')).toEqual({ problem: 'url_refused' });
  expect(await open('ftp://hub.example/x')).toEqual({ problem: 'url_refused' });
});
