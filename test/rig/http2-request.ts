// One HTTP/2 request without TLS, as a browser or a gRPC client behind a TLS terminator sends it.

import { connect, type OutgoingHttpHeaders } from 'node:http2';

/** What came back; pseudo headers are among the headers, and what followed the body among the trailers. */
export interface Http2Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends one request to a port on loopback. */
export function http2Request(port: number, headers: OutgoingHttpHeaders): Promise<Http2Reply> {
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`);
    const stream = session.request(headers, { endStream: true });
    let received: Record<string, unknown> = {};
    let trailers: Record<string, unknown> = {};
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (head) => {
      received = { ...head };
    });
    stream.on('trailers', (tail) => {
      trailers = { ...tail };
    });
    stream.on('data', (chunk: string) => {
      body += chunk;
    });
    stream.once('close', () => {
      session.destroy();
      resolve({ status: Number(received[':status']), headers: received, trailers, body });
    });
    for (const source of [session, stream]) source.once('error', reject);
  });
}
