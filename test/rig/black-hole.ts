// Ports of loopback where connections come to nothing: one that answers no SYN any more, and one that takes a connection and then
// says nothing, to a TLS handshake or anything else.

import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep, setImmediate as turn } from 'node:timers/promises';
import { eventually } from './eventually.ts';
import { endIfInVain, startProcess } from './running-process.ts';

/** The port, until closed. */
export interface BlackHole {
  readonly port: number;
  close(): Promise<unknown>;
}

/** The shortest queue of connections that nobody accepts. */
const LISTENER =
  'const server = require("node:net").createServer(); server.listen({ host: "127.0.0.1", port: 0, backlog: 1 }, () => console.log(server.address().port));';
/** Fewer would do; the kernel rounds the queue up. */
const MAX_FILLERS = 64;
const TAKEN_MS = 300;

/** A port whose queue of connections is full and is never emptied: the kernel drops every further SYN. */
export async function deafPort(): Promise<BlackHole> {
  const listener = await startProcess({ command: process.execPath, args: ['--eval', LISTENER] });
  const fillers: Socket[] = [];
  const close = () => {
    for (const filler of fillers) filler.destroy();
    return listener.stop();
  };
  const port = Number(
    await endIfInVain(
      eventually('a port', () => listener.stdout[0]),
      close,
    ),
  );
  listener.signal('SIGSTOP');
  while (fillers.length < MAX_FILLERS) {
    const filler = connect(port, '127.0.0.1').on('error', () => undefined);
    fillers.push(filler);
    await Promise.race([new Promise((resolve) => filler.once('connect', resolve)), sleep(TAKEN_MS)]);
    // Timers run before sockets are looked at: after a stall of our own it may long be connected.
    await turn();
    if (filler.connecting) return { port, close };
  }
  await close();
  throw new Error('the queue of connections cannot be filled here');
}

/** A port that takes connections, reads and never writes. */
export async function mutePort(): Promise<BlackHole & { readonly connections: () => number }> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    socket.resume();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    connections: () => sockets.size,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve);
        for (const socket of sockets) socket.destroy();
      }),
  };
}
