// Reads the audit of the caller's organization, the latest entry first. Nothing here writes or forgets.

import type { FastifyInstance } from 'fastify';
import type { KeptAuditEntry } from '../domain/audit.ts';
import { type Page, pageOf, paginationOf } from './page.ts';
import type { RouteCallers } from './route-caller.ts';
import { invalidQuery, refuseWith } from './wso2-error.ts';

/** Entries of one organization, the latest first. */
export type ListAudit = (
  organization: string,
  page: Page,
) => Promise<{ readonly total: number; readonly list: readonly KeptAuditEntry[] }>;

/** Registers `GET /audit`. */
export function auditRoutes(app: FastifyInstance, listAudit: ListAudit, { callerOf }: RouteCallers): void {
  app.get('/audit', async (request, reply) => {
    const page = pageOf(request.query);
    if (!('offset' in page)) return refuseWith(reply, invalidQuery(page));
    const { total, list } = await listAudit(callerOf(request).organization, page);
    return { count: list.length, list, pagination: paginationOf(page, total, '/audit') };
  });
}
