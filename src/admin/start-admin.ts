// The admin side's HTTP server: every request is limited, authenticated and checked against the table of rights before a route
// sees it, and every write and refused attempt is audited. It knows no storage; all of that is injected.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { ProvedAdmin } from '../authorize/prove-admin.ts';
import type { AuditEntry } from '../domain/audit.ts';
import type { TlsFiles } from '../domain/tls-files.ts';
import type { AdminCaller, AdminCredential } from './admin-caller.ts';
import { authenticate } from './authenticate.ts';
import { createBackOff } from './back-off.ts';
import { acceptJsonOnly } from './json-body.ts';
import { type ConnectorPropertiesOf, keyManagerRoutes } from './key-manager-routes.ts';
import type { KeyManagerStore } from './key-manager-store.ts';
import { demandRow, mayUse, methodsFor, needOf } from './route-rights.ts';
import { type Readiness, statusRoutes } from './status-routes.ts';
import { readTlsFiles, watchTlsFiles } from './tls-files.ts';
import { errorBody } from './wso2-error.ts';

/** Largest body of one entity. */
const MAX_BODY_BYTES = 1_048_576;
const MAX_HEADER_BYTES = 32_768;
/** Slow senders are cut off: headers first, then the whole request. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;

/** What the admin side needs. */
export interface AdminOptions {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly metricsPublic: boolean;
  readonly credentials: readonly AdminCredential[];
  readonly proveCaller: (bearer: string) => Promise<ProvedAdmin | undefined>;
  readonly keyManagers: KeyManagerStore;
  readonly connectorPropertiesOf: ConnectorPropertiesOf;
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<string>;
  readonly audit: (entry: AuditEntry) => void;
  /** Hears of defects and of TLS files that cannot be used. */
  readonly log: { error(fields: object, message: string): void };
}

/** A listening admin side. */
export interface AdminServer {
  readonly url: string;
  /** Ends when requests in flight have been answered. */
  stop(): Promise<void>;
}

/** Starts listening; rejects where the address or the TLS files cannot be used. */
export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const { tls } = options;
  let unwatch = () => {};
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Paths that the router cannot read reach no hook, and its own answer would repeat them.
    frameworkErrors: ({ statusCode = 400 }, request, reply) => {
      reply.headers(protectiveHeaders(request));
      refuse(reply, statusCode, 'Bad Request', 'The path cannot be decoded, or a part of it is too long');
    },
    serverFactory(handler) {
      if (tls === null) return createServer(limits, handler);
      const mutual = tls.clientCaFile === null ? {} : { requestCert: true, rejectUnauthorized: true };
      const context = readTlsFiles(tls);
      const server = createTlsServer({ ...limits, ...context, ...mutual }, handler);
      unwatch = watchTlsFiles(
        tls,
        context,
        (changed) => server.setSecureContext(changed),
        (error) => options.log.error({ err: error }, 'the admin TLS files cannot be used; the former ones stay in use'),
      );
      return server;
    },
  });
  const callers = new WeakMap<FastifyRequest, AdminCaller>();
  guard(app, callers, options);
  acceptJsonOnly(app);
  keyManagerRoutes(app, options.keyManagers, options.connectorPropertiesOf, (request) => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('a route was reached without a caller');
    return caller;
  });
  statusRoutes(app, options.readiness, options.metrics);
  const stop = async () => {
    unwatch();
    await app.close();
  };
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await stop();
    const where = `${options.host}:${options.port}`;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const fix = 'free the address, or set admin.host and admin.port';
    throw new Error(`the admin side cannot listen on ${where} (${code}); ${fix}`, { cause: error });
  }
  const { address, family, port } = app.server.address() as AddressInfo;
  return {
    url: `${tls === null ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop,
  };
}

/** Everything that happens around every route. */
function guard(app: FastifyInstance, callers: WeakMap<FastifyRequest, AdminCaller>, options: AdminOptions): void {
  const backOff = createBackOff();

  app.addHook('onRoute', ({ method, url }) => demandRow(method, url));

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(protectiveHeaders(request));
    const need = needOf(request.method, request.routeOptions.url ?? '');
    if (need === undefined || need.right === 'public' || (need.right === 'metrics' && options.metricsPublic)) return;
    const found = await authenticate(request.headers.authorization, request.ip, Date.now(), { ...options, backOff });
    if (found.kind === 'held')
      return refuse(
        reply.header('retry-after', found.retryAfterSeconds),
        429,
        'Too Many Requests',
        'Too many wrong credentials',
      );
    if (found.kind !== 'caller') {
      const challenge = found.kind === 'missing' ? '' : ', error="invalid_token"';
      reply.header('www-authenticate', `Bearer realm="Gatehouse admin"${challenge}`);
      return refuse(reply, 401, 'Unauthorized', 'A bearer credential of the admin side is required');
    }
    callers.set(request, found.caller);
    if (!mayUse(found.caller, need)) return refuse(reply, 403, 'Forbidden', 'The caller lacks the right for this');
  });

  app.addHook('onResponse', async (request, reply) => {
    const need = needOf(request.method, request.routeOptions.url ?? '');
    const refused = [401, 403, 429].includes(reply.statusCode);
    if (need === undefined || need.right === 'public' || (request.method === 'GET' && !refused)) return;
    const caller = callers.get(request);
    options.audit({
      time: new Date().toISOString(),
      requestId: request.id,
      caller: caller?.name,
      organization: caller?.organization,
      address: request.ip,
      method: request.method,
      route: request.routeOptions.url ?? 'unknown',
      target: (request.params as { id?: string } | undefined)?.id,
      status: reply.statusCode,
    });
  });

  app.setNotFoundHandler((request, reply) => {
    const methods = methodsFor(request.url.split('?')[0] ?? '');
    if (methods.length === 0) return refuse(reply, 404, 'Not Found', 'The requested resource is not available');
    return refuse(
      reply.header('allow', methods.join(', ')),
      405,
      'Method Not Allowed',
      `Allowed: ${methods.join(', ')}`,
    );
  });

  app.setErrorHandler((error: Error & { statusCode?: number }, request, reply) => {
    const status = error.statusCode ?? 500;
    // The framework's own refusals (body too large, not JSON, wrong content type) say nothing that the caller did not send.
    if (status >= 400 && status < 500) return refuse(reply, status, 'Bad Request', error.message);
    options.log.error({ err: error, request_id: request.id }, 'an admin request failed');
    return refuse(reply, 500, 'Internal Server Error', `See the log for request ${request.id}`);
  });
}

/** Keeps answers out of caches and from being guessed at. */
function protectiveHeaders({ id }: FastifyRequest) {
  return { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': id };
}

function refuse(reply: FastifyReply, status: number, message: string, description: string) {
  return reply.code(status).send(errorBody({ status, code: status, message, description }));
}
