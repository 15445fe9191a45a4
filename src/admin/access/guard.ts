// Everything that happens around every route: who calls and may call, what is remembered of it, and answers that tell nothing.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ProvedAdmin } from '../../authorize/prove-admin.ts';
import type { AuditEntry } from '../../domain/audit.ts';
import { errorBody } from '../http/wso2-error.ts';
import type { AdminCaller, AdminCredential } from './admin-caller.ts';
import { authenticate } from './authenticate.ts';
import { createBackOff } from './back-off.ts';
import { auditContext, type RouteCallers } from './route-caller.ts';
import { demandRow, mayUse, methodsFor, needOf, type RouteNeed } from './route-rights.ts';

/** Of an id in the audit; ours are shorter. */
const MAX_TARGET_CHARACTERS = 128;

/** What the guard needs. */
export interface GuardOptions {
  readonly metricsPublic: boolean;
  readonly credentials: readonly AdminCredential[];
  readonly proveCaller: (bearer: string) => Promise<ProvedAdmin | undefined>;
  /** The organization whose callers may write global key managers. */
  readonly superTenant: string;
  readonly audit: (entry: AuditEntry) => void;
  readonly log: { error(fields: object, message: string): void };
}

/** Puts the guard around every route that is registered afterwards. */
export function guard(app: FastifyInstance, options: GuardOptions): RouteCallers {
  const backOff = createBackOff();
  const callers = new WeakMap<FastifyRequest, AdminCaller>();

  app.addHook('onRoute', ({ method, url }) => demandRow(method, url));

  app.addHook('onRequest', async (request, reply) => {
    reply.headers(protectiveHeaders(request));
    const need = needOf(request.method, request.routeOptions.url ?? '');
    if (need === undefined || need.right === 'public' || (need.right === 'metrics' && options.metricsPublic)) return;
    const takesBasic = need.basic === true;
    const { authorization } = request.headers;
    const found = await authenticate(authorization, request.ip, Date.now(), takesBasic, { ...options, backOff });
    if (found.kind === 'held')
      return refuse(
        reply.header('retry-after', found.retryAfterSeconds),
        429,
        'Too Many Requests',
        'Too many wrong credentials',
      );
    if (found.kind !== 'caller') {
      reply.header('www-authenticate', challengeOf(need, found.kind));
      return refuse(reply, 401, 'Unauthorized', 'A credential of the admin side is required');
    }
    callers.set(request, found.caller);
    if (!mayUse(found.caller, need, options.superTenant))
      return refuse(reply, 403, 'Forbidden', 'The caller lacks the right for this');
  });

  app.addHook('onResponse', async (request, reply) => {
    const need = needOf(request.method, request.routeOptions.url ?? '');
    const refused = [401, 403, 429].includes(reply.statusCode);
    if (need === undefined || need.right === 'public' || (request.method === 'GET' && !refused)) return;
    options.audit({
      time: new Date().toISOString(),
      ...auditContext(request, callers.get(request)),
      target: targetOf(request),
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

  const callerOf = (request: FastifyRequest) => {
    const caller = callers.get(request);
    if (caller === undefined) throw new Error('a route was reached without a caller');
    return caller;
  };
  return { callerOf, auditOf: (request) => auditContext(request, callerOf(request)) };
}

/** The entity that a request names: WSO2 has ids in paths, and in queries. */
function targetOf({ params, query }: FastifyRequest): string | undefined {
  const { id } = (params ?? {}) as { readonly id?: string };
  const { apiId, subscriptionId } = (query ?? {}) as { readonly apiId?: unknown; readonly subscriptionId?: unknown };
  const named = id ?? apiId ?? subscriptionId;
  return typeof named === 'string' ? named.slice(0, MAX_TARGET_CHARACTERS) : undefined;
}

/** Keeps answers out of caches and from being guessed at. */
export function protectiveHeaders({ id }: FastifyRequest) {
  return { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': id };
}

/** Answers with a refusal that has no WSO2 code of its own. */
export function refuse(reply: FastifyReply, status: number, message: string, description: string) {
  return reply.code(status).send(errorBody({ status, code: status, message, description }));
}

/** RFC 6750 §3: no error code where no credential came. */
function challengeOf({ basic }: RouteNeed, found: 'missing' | 'wrong'): string {
  const bearer = `Bearer realm="Gatehouse admin"${found === 'missing' ? '' : ', error="invalid_token"'}`;
  return basic === true ? `${bearer}, Basic realm="Gatehouse admin"` : bearer;
}
