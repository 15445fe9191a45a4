// One HTTP/2 request without TLS, as a browser or a gRPC client behind a TLS terminator sends it.

import { type ClientSessionOptions, connect } from 'node:http2';

/** Headers by lower-case name, pseudo headers among them; an array sends the header that often. */
export type Http2Headers = Readonly<Record<string, string | readonly string[]>>;

/** Node would not send `authorization` and its like twice. */
const ANYTHING_GOES: ClientSessionOptions & { readonly strictSingleValueFields: boolean } = {
  strictSingleValueFields: false,
};

/** What came back; pseudo headers are among the headers, and what followed the body among the trailers. */
export interface Http2Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly trailers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends one request to a port on loopback. */
export function http2Request(port: number, headers: Http2Headers): Promise<Http2Reply> {
  const flat = Object.entries(headers).flatMap(([name, values]) => [values].flat().flatMap((value) => [name, value]));
  return new Promise((resolve, reject) => {
    const session = connect(`http://127.0.0.1:${port}`, ANYTHING_GOES);
    const stream = session.request(flat, { endStream: true });
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
    // One may tell of the end of the other once more.
    for (const source of [session, stream]) source.on('error', reject);
  });
}
