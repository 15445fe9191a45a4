// Reads the audit of the caller's organization, the latest entry first. The super tenant, who runs the installation, sees all of it,
// callers that nobody knew too. Nothing here writes or forgets.

import type { FastifyInstance } from 'fastify';
import type { KeptAuditEntry } from '../../domain/audit.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { type Page, pageOf, paginationOf } from '../http/page.ts';
import { invalidQuery, refuseWith } from '../http/wso2-error.ts';

/** Entries of one organization, with null of all, the latest first; fewer than asked for where they are large. */
export type ListAudit = (
  organization: string | null,
  page: Page,
) => Promise<{ readonly total: number; readonly list: readonly KeptAuditEntry[] }>;

/** Registers `GET /audit`. */
export function auditRoutes(
  app: FastifyInstance,
  { listAudit, superTenant }: { readonly listAudit: ListAudit; readonly superTenant: string },
  { callerOf }: RouteCallers,
): void {
  app.get('/audit', async (request, reply) => {
    const page = pageOf(request.query);
    if (!('offset' in page)) return refuseWith(reply, invalidQuery(page));
    const { organization } = callerOf(request);
    const { total, list } = await listAudit(organization === superTenant ? null : organization, page);
    return { count: list.length, list, pagination: paginationOf(page, total, '/audit', list.length) };
  });
}
