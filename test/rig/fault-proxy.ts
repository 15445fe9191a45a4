// A TCP proxy with faults: latency, silence, resets, half-open connections, narrow bandwidth, slices, an end before the end. Changed
// while it runs.

import type { AddressInfo } from 'node:net';
import { connect, createServer, type Socket } from 'node:net';

/** What the proxy does to bytes; all off by default. */
export interface Faults {
  /** Milliseconds that each piece towards the client is held back. */
  latencyMs: number;
  /** Nothing passes either way, new connections are taken and left alone. */
  silent: boolean;
  /** Bytes towards the client are dropped, those towards the server pass. */
  halfOpen: boolean;
  /** New connections are reset at once. */
  refusing: boolean;
  /** Bytes per second towards the client; 0: no limit. */
  bytesPerSecond: number;
  /** Bytes towards the client that pass on each connection; those that follow never come. 0: no limit. */
  mostBytes: number;
  /** Bytes in one piece towards the client; 0: as they come. */
  sliceBytes: number;
  /** To the server the client leaves after its first piece; what the server says to that reaches the client in one piece. */
  oneFlight: boolean;
}

/** A running proxy. */
export interface FaultProxy {
  readonly port: number;
  readonly faults: Faults;
  /** Connections taken since the start. */
  readonly accepted: () => number;
  /** Resets (RST) all connections. */
  reset(): void;
  stop(): Promise<void>;
}

/** Passes TCP on to a port of loopback. */
export async function startFaultProxy(target: number): Promise<FaultProxy> {
  const faults: Faults = {
    latencyMs: 0,
    silent: false,
    halfOpen: false,
    refusing: false,
    bytesPerSecond: 0,
    mostBytes: 0,
    sliceBytes: 0,
    oneFlight: false,
  };
  const sockets = new Set<Socket>();
  let accepted = 0;
  const server = createServer((client) => {
    accepted += 1;
    client.on('error', () => client.destroy());
    if (faults.refusing) {
      client.resetAndDestroy();
      return;
    }
    const { oneFlight } = faults;
    const upstream = connect({ port: target, host: '127.0.0.1', allowHalfOpen: oneFlight });
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        // What the client has not taken yet is still on its way in one piece.
        if (!oneFlight || socket === client) client.destroy();
        upstream.destroy();
      });
    }
    if (oneFlight) {
      const flight: Buffer[] = [];
      client.once('data', (hello) => upstream.end(hello));
      upstream.on('data', (bytes) => flight.push(bytes));
      upstream.on('end', () => client.end(Buffer.concat(flight)));
      return;
    }
    client.on('data', (bytes) => {
      if (!faults.silent) upstream.write(bytes);
    });
    let line = Promise.resolve();
    let passed = 0;
    upstream.on('data', (all) => {
      if (faults.silent || faults.halfOpen) return;
      const bytes = faults.mostBytes === 0 ? all : all.subarray(0, Math.max(0, faults.mostBytes - passed));
      passed += bytes.length;
      if (bytes.length === 0) return;
      const { latencyMs, bytesPerSecond } = faults;
      const dueAtMs = performance.now() + latencyMs;
      for (const piece of slices(bytes, faults.sliceBytes)) {
        line = line.then(async () => {
          const takesMs = bytesPerSecond === 0 ? 0 : (piece.length / bytesPerSecond) * 1000;
          const waitMs = Math.max(0, dueAtMs - performance.now(), takesMs);
          if (waitMs > 0) await new Promise((resolve) => setTimeout(resolve, waitMs));
          else if (faults.sliceBytes > 0) await new Promise((resolve) => setImmediate(resolve));
          if (!client.destroyed) client.write(piece);
        });
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const reset = () => {
    for (const socket of sockets) socket.resetAndDestroy();
  };
  return {
    port: (server.address() as AddressInfo).port,
    faults,
    accepted: () => accepted,
    reset,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        reset();
      }),
  };
}

function slices(bytes: Buffer, size: number): readonly Buffer[] {
  if (size === 0) return [bytes];
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, n) => bytes.subarray(n * size, (n + 1) * size));
}
