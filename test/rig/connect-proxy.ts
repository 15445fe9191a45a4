// A real HTTP proxy on loopback (RFC 9110 §9.3.6, CONNECT; for plain HTTP it answers itself): it notes who was asked for, may demand a password, and leads every name to
// where the test wants it. It knows nothing of Gatehouse.

import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';

/** How the proxy behaves. */
export interface ConnectProxyOptions {
  /** `user:password` to demand. */
  readonly credentials?: string;
  /** The port on 127.0.0.1 that every tunnel leads to. */
  readonly leadTo: () => number;
}

/** A running proxy. */
export class ConnectProxy implements AsyncDisposable {
  /** Targets asked for, `host:port`. */
  readonly asked: string[] = [];
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();

  constructor({ credentials, leadTo }: ConnectProxyOptions) {
    this.#server = createServer();
    this.#server.on('connection', (socket) => this.#sockets.add(socket));
    this.#server.on('request', (request, response) => {
      this.asked.push(request.url ?? '');
      response.end(`for ${request.headers.host}`);
    });
    this.#server.on('connect', (request, client: Socket) => {
      this.asked.push(request.url ?? '');
      client.on('error', () => undefined);
      const wanted = credentials && `Basic ${Buffer.from(credentials).toString('base64')}`;
      if (request.headers['proxy-authorization'] !== wanted) {
        client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
        return;
      }
      const server = connect(leadTo(), '127.0.0.1', () => {
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n');
        client.pipe(server).pipe(client);
      });
      this.#sockets.add(server);
      server.on('error', () => client.destroy());
    });
  }

  async listen(): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, '127.0.0.1', done));
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((done) => this.#server.close(done));
  }
}
