// What every route may know of its request beside path and body: who calls, and the audit's words for it.

import type { FastifyRequest } from 'fastify';
import type { AuditContext } from '../../domain/audit.ts';
import type { AdminCaller } from './admin-caller.ts';

/** The callers of requests that passed the guard. */
export interface RouteCallers {
  /** Throws for a request without a proved caller: the guard let none through. */
  callerOf(request: FastifyRequest): AdminCaller;
  auditOf(request: FastifyRequest): AuditContext;
}

/** The audit's words for a request, with or without a proved caller. */
export function auditContext(request: FastifyRequest, caller: AdminCaller | undefined): AuditContext {
  return {
    requestId: request.id,
    caller: caller?.name,
    organization: caller?.organization,
    address: request.ip,
    method: request.method,
    route: request.routeOptions.url ?? 'unknown',
  };
}
