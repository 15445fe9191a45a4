// Calls the admin side of a running server. The token goes into the header and nowhere else.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';

/** An admin side, and how to be let in. */
export interface AdminTarget {
  readonly url: URL;
  readonly token: string;
  /** PEM; undefined trusts what this machine trusts. */
  readonly ca: string | undefined;
  readonly timeoutMs: number;
}

/** What it answered; an empty or unreadable body is undefined. */
export interface AdminReply {
  readonly status: number;
  readonly body: unknown;
}

/** The longest answer that is read. */
const MAX_REPLY_BYTES = 4 * 1_048_576;

/** One call; rejects where there is no answer. */
export function callAdmin(target: AdminTarget, method: string, path: string, body?: unknown): Promise<AdminReply> {
  const { url, token, ca, timeoutMs } = target;
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  return new Promise((resolve, reject) => {
    const call = request(
      new URL(path, url),
      {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          accept: 'application/json',
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        signal: AbortSignal.timeout(timeoutMs),
        ...(ca === undefined ? {} : { ca }),
      },
      (reply) => {
        const chunks: Buffer[] = [];
        let bytes = 0;
        reply.on('data', (chunk: Buffer) => {
          bytes += chunk.length;
          if (bytes > MAX_REPLY_BYTES) call.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        reply.once('error', reject);
        reply.once('end', () => {
          resolve({ status: reply.statusCode ?? 0, body: jsonOf(Buffer.concat(chunks).toString('utf8')) });
        });
      },
    );
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
