// Calls the admin side of a running server. The token goes into the header and nowhere else.

import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { isJsonObject } from '../domain/json-object.ts';

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

/** The longest answer that is read, but for a whole catalog. */
const MAX_REPLY_BYTES = 4 * 1_048_576;

/** One call; rejects where there is no answer. */
export async function callAdmin(
  target: AdminTarget,
  method: string,
  path: string,
  body?: unknown,
): Promise<AdminReply> {
  const { status, text } = await fetchAdmin(target, method, path, body, MAX_REPLY_BYTES);
  return { status, body: jsonOf(text) };
}

/** One call whose answer is a text of at most so many bytes. */
export function fetchAdmin(
  target: AdminTarget,
  method: string,
  path: string,
  body: unknown,
  maxBytes: number,
): Promise<{ readonly status: number; readonly text: string }> {
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
          if (bytes > maxBytes) call.destroy(new Error('the answer is too long'));
          else chunks.push(chunk);
        });
        reply.once('error', reject);
        reply.once('end', () => {
          resolve({ status: reply.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') });
        });
      },
    );
    call.once('error', reject);
    call.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

/** What an admin side said that refuses, in a sentence and with each field at fault. */
export function describeRefusal({ status, body }: AdminReply): string {
  if (!isJsonObject(body)) return `the admin side answers with status ${status}`;
  const { description, error } = body;
  const said = typeof description === 'string' ? `: ${description}` : '';
  const fields = Array.isArray(error) ? error.filter(isJsonObject).map(({ message }) => `\n  ${String(message)}`) : [];
  return `the admin side answers with status ${status}${said}${fields.join('')}`;
}

/** Why there was no answer. */
export function describeNoReply(error: unknown): string {
  const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
  return `no answer from the admin side: ${why}. Is it serving? See --admin and --admin-ca.`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
