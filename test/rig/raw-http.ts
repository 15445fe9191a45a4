// An HTTP/1.1 client that sends just the bytes it is told: paths and headers that no decent client would. Loopback only.

import { connect } from 'node:net';

const TIMEOUT_MS = 10_000;

/** A request, unchecked. */
export interface RawRequest {
  readonly method?: string;
  readonly path: string;
  /** In order; a name may come twice. `host` and `connection: close` are added where absent. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
}

/** The reply, with its headers in order and lower case. */
export interface RawReply {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly body: string;
  /** The value of a header, or undefined. */
  header(name: string): string | undefined;
}

/** Sends one request over a connection of its own and reads the reply to its end. Header values are sent as Latin-1 bytes. */
export async function rawRequest(port: number, request: RawRequest): Promise<RawReply> {
  const headers = [...(request.headers ?? [])];
  const has = (name: string) => headers.some(([known]) => known.toLowerCase() === name);
  if (!has('host')) headers.unshift(['host', 'api.example']);
  if (!has('connection')) headers.push(['connection', 'close']);
  const lines = headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  const bytes = await exchange(port, `${request.method ?? 'GET'} ${request.path} HTTP/1.1\r\n${lines}\r\n`);
  return parseReply(bytes);
}

function exchange(port: number, text: string): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    const socket = connect(port, '127.0.0.1', () => socket.write(text, 'latin1'));
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy(new Error(`no end of the reply within ${TIMEOUT_MS} ms`)));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      // A WebSocket stays open after its handshake: the head is all there is to read.
      if (chunk.toString('latin1').startsWith('HTTP/1.1 101')) socket.end();
    });
    socket.on('error', reject);
    socket.once('close', () => resolve(Buffer.concat(chunks)));
  });
}

function parseReply(bytes: Buffer): RawReply {
  const text = bytes.toString('latin1');
  const end = text.indexOf('\r\n\r\n');
  if (end === -1) throw new Error(`not a reply: ${JSON.stringify(text.slice(0, 200))}`);
  const [statusLine = '', ...lines] = text.slice(0, end).split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const header = (name: string) => headers.find(([known]) => known === name)?.[1];
  const rest = text.slice(end + 4);
  const body = header('transfer-encoding') === 'chunked' ? dechunk(rest) : rest;
  return { status: Number(statusLine.split(' ')[1]), headers, body, header };
}

function dechunk(text: string): string {
  let body = '';
  for (let at = 0; ; ) {
    const line = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, line), 16);
    if (!(size > 0)) return body;
    body += text.slice(line + 2, line + 2 + size);
    at = line + 2 + size + 2;
  }
}
