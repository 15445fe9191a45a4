// The service behind Envoy: answers each request with what it received, as JSON, and counts. Speaks HTTP/1.1, with
// WebSocket handshakes, and h2c. It decides nothing, so what arrives here was let in.

import { createHash } from 'node:crypto';
import * as http from 'node:http';
import * as http2 from 'node:http2';
import type * as net from 'node:net';
import type { Duplex } from 'node:stream';

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string;
  readonly url: string;
  readonly httpVersion: string;
  /** Names and values in order of arrival; a name that was sent twice is here twice. */
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly bodyBytes: number;
}

/** A running echo server. */
export interface EchoUpstream {
  /** Speaks HTTP/1.1. */
  readonly port: number;
  /** Speaks HTTP/2 without TLS. */
  readonly http2Port: number;
  /** Every request and handshake that arrived, in order. */
  readonly received: readonly ReceivedRequest[];
  close(): Promise<void>;
}

/** One message without a field: flags and length (gRPC over HTTP/2, Length-Prefixed-Message). */
const EMPTY_GRPC_MESSAGE = Buffer.alloc(5);
/** What Envoy lets through (60 KiB) and more; Node's own limit of 16 KiB would answer in its place. */
const MAX_HEADER_BYTES = 98_304;
/** RFC 6455 §1.3. */
const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Starts an echo server on loopback; port 0 takes any for HTTP/1.1, as HTTP/2 always does. */
export async function startEchoUpstream(port = 0): Promise<EchoUpstream> {
  const received: ReceivedRequest[] = [];
  const sockets = new Set<net.Socket>();
  /** Rejects when the client goes in the middle of its request. */
  const answer = async (
    request: http.IncomingMessage | http2.Http2ServerRequest,
    response: http.ServerResponse | http2.Http2ServerResponse,
  ) => {
    let bodyBytes = 0;
    for await (const chunk of request) bodyBytes += (chunk as Buffer).length;
    const seen = describe(request, bodyBytes);
    received.push(seen);
    response.statusCode = 200;
    if (request.headers['content-type']?.startsWith('application/grpc')) {
      response.setHeader('content-type', 'application/grpc');
      response.addTrailers({ 'grpc-status': '0' });
      response.end(EMPTY_GRPC_MESSAGE);
      return;
    }
    response.setHeader('content-type', 'application/json');
    response.end(request.method === 'HEAD' ? '' : `${JSON.stringify(seen, null, 2)}\n`);
  };
  const http1Server = http.createServer(
    { maxHeaderSize: MAX_HEADER_BYTES },
    (request, response) => void answer(request, response).catch(() => response.destroy()),
  );
  http1Server.on('upgrade', (request: http.IncomingMessage, socket: Duplex) => {
    received.push(describe(request, 0));
    acceptWebSocket(request, socket);
  });
  const http2Server = http2.createServer(
    (request, response) => void answer(request, response).catch(() => response.stream.destroy()),
  );
  for (const server of [http1Server, http2Server])
    server.on('connection', (socket: net.Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    });
  const [port1, port2] = await Promise.all([listen(http1Server, port), listen(http2Server, 0)]);
  return {
    port: port1,
    http2Port: port2,
    received,
    close: async () => {
      const closed = [http1Server, http2Server].map((server) => new Promise((resolve) => server.close(resolve)));
      for (const socket of sockets) socket.destroy();
      await Promise.all(closed);
    },
  };
}

function listen(server: net.Server, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve((server.address() as net.AddressInfo).port));
  });
}

function describe(request: http.IncomingMessage | http2.Http2ServerRequest, bodyBytes: number): ReceivedRequest {
  const raw = request.rawHeaders;
  const headers = raw.flatMap((name, at) => (at % 2 === 0 ? [[name.toLowerCase(), raw[at + 1] ?? ''] as const] : []));
  const { method = '', url = '', httpVersion } = request;
  return { method, url, httpVersion, headers, bodyBytes };
}

function acceptWebSocket(request: http.IncomingMessage, socket: Duplex): void {
  const key = request.headers['sec-websocket-key'] ?? '';
  const accept = createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
  socket.on('error', () => socket.destroy());
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\nsec-websocket-accept: ${accept}\r\n\r\n`,
  );
  // Bytes come back as they are: enough to see that the tunnel stands.
  socket.pipe(socket);
}
