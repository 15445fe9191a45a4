// A real HTTP server that publishes a key set, counts who asks, and can be made to fail, hang or answer rubbish.

import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class KeyServer implements AsyncDisposable {
  /** What is answered with status 200. */
  body: string | Buffer = '{"keys":[]}';
  status = 200;
  headers: Record<string, string> = {};
  /** Answers wait for this. */
  gate: Promise<unknown> = Promise.resolve();
  /** Paths asked for, in order. */
  readonly asked: string[] = [];
  /** Request headers of the last request. */
  lastHeaders: Record<string, unknown> = {};
  /** Request body of the last request. */
  lastBody = '';
  // Whoever asks may go in the middle of the question.
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  async listen(host = '127.0.0.1'): Promise<this> {
    await new Promise<void>((done) => this.#server.listen(0, host, done));
    return this;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url ?? '');
    this.lastHeaders = request.headers;
    let body = '';
    for await (const chunk of request) body += chunk;
    this.lastBody = body;
    await this.gate;
    response.writeHead(this.status, { 'content-type': 'text/plain', ...this.headers });
    response.end(this.body);
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  url(path = '/jwks'): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  get fetches(): number {
    return this.asked.length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((done) => this.#server.close(done));
  }
}
