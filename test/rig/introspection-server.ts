// A real introspection endpoint (RFC 7662) on loopback with opaque tokens of its own, which a test can make slow, wrong or silent and
// which counts how often it was asked. It knows nothing of Gatehouse.

import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** What the server says of a token, beside `active`. */
export type TokenRecord = Readonly<Record<string, unknown>>;

/** How to start one. */
export interface IntrospectionOptions {
  /** Put before its tokens, so that a token handling rule can tell them. */
  readonly prefix: string;
  /** The client that may ask; another one gets 401. */
  readonly clientId?: string;
  readonly clientSecret?: string;
}

/** What is wrong with it for the time being. `reply` is sent as it is, with status 200. */
export type IntrospectionFault =
  | { readonly kind: 'hang' }
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'reply'; readonly body: string }
  | { readonly kind: 'delay'; readonly delayMs: number };

/** The running server. */
export interface IntrospectionServer {
  readonly url: string;
  /** Takes the text of a token as `token`, or makes one up; `client_id`, `scope` and `exp` have defaults. */
  issue(record?: TokenRecord, token?: string): string;
  revoke(token: string): void;
  fault(fault: IntrospectionFault | undefined): void;
  /** The secret that counts from now on. */
  setSecret(secret: string): void;
  /** How often it was asked, and with which tokens. */
  requests(): number;
  asked(token: string): number;
  close(): Promise<void>;
}

const LIFETIME_SECONDS = 3600;

/** Starts it on loopback. */
export async function startIntrospection(options: IntrospectionOptions): Promise<IntrospectionServer> {
  const clientId = options.clientId ?? 'gatehouse';
  let secret = options.clientSecret ?? 'secret-of-gatehouse';
  const records = new Map<string, TokenRecord>();
  const asked = new Map<string, number>();
  let requests = 0;
  let fault: IntrospectionFault | undefined;

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const token = new URLSearchParams(body).get('token') ?? '';
    requests += 1;
    asked.set(token, (asked.get(token) ?? 0) + 1);
    if (fault?.kind === 'hang') return;
    if (fault?.kind === 'delay') await sleep(fault.delayMs);
    if (fault?.kind === 'status') return send(response, fault.status, '{"error":"temporarily_unavailable"}');
    if (fault?.kind === 'reply') return send(response, 200, fault.body);
    if (!isClient(request.headers.authorization)) return send(response, 401, '{"error":"invalid_client"}');
    const record = records.get(token);
    send(response, 200, JSON.stringify(record === undefined ? { active: false } : { active: true, ...record }));
  };
  /** RFC 6749 §2.3.1: HTTP Basic with form-encoded parts. */
  const isClient = (authorization = ''): boolean => {
    const [id = '', ...rest] = Buffer.from(authorization.replace(/^Basic /i, ''), 'base64')
      .toString()
      .split(':');
    const decode = (part: string) => new URLSearchParams(`v=${part}`).get('v');
    return decode(id) === clientId && decode(rest.join(':')) === secret;
  };
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy());
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    issue: (record = {}, token = `${options.prefix}${randomBytes(16).toString('hex')}`) => {
      const now = Math.floor(Date.now() / 1000);
      const standard = { client_id: 'shop', scope: 'read', token_type: 'Bearer' };
      records.set(token, { ...standard, iat: now, exp: now + LIFETIME_SECONDS, ...record });
      return token;
    },
    revoke: (token) => {
      records.delete(token);
    },
    fault: (next) => {
      fault = next;
    },
    setSecret: (next) => {
      secret = next;
    },
    requests: () => requests,
    asked: (token) => asked.get(token) ?? 0,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function send(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(body);
}
