// WSO2 Publisher API v4, scopes that APIs share, with the roles that key managers give them to. Never checked here: the issuer did.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { type ScopeBody, scopeBody } from '../../documents/wso2/throttling-documents.ts';
import type { ScopeWrite } from '../../domain/catalog-facts.ts';
import type { Scope } from '../../domain/policy.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PUBLISHER } from '../access/route-rights.ts';
import {
  type ById,
  readBody,
  sendDeleted,
  sendEntity,
  sendPage,
  sendWritten,
  targetOf,
} from '../entities/entity-routes.ts';
import type { CatalogEntities } from '../entities/entity-store.ts';
import { invalidFields, refuseWith } from '../http/wso2-error.ts';

const BASE = `${PUBLISHER}/scopes`;

/** Registers the routes. */
export function scopeRoutes(
  app: FastifyInstance,
  { scopes }: Pick<CatalogEntities, 'scopes'>,
  { callerOf, auditOf }: RouteCallers,
): void {
  const find = (request: FastifyRequest<ById>) => () => scopes.find(callerOf(request).organization, request.params.id);

  app.get(BASE, (request, reply) => {
    const { organization } = callerOf(request);
    return sendPage(request, reply, BASE, (page) => scopes.list(organization, {}, page), scopeForm);
  });

  app.post(BASE, async (request, reply) => {
    const body = readBody(request, reply, scopeBody);
    if (body === undefined) return reply;
    const key = { organization: callerOf(request).organization, id: null, expectedVersion: null };
    return sendWritten(reply, 'Scope', await scopes.put(key, scopeWriteOf(body), auditOf(request)), scopeForm, BASE);
  });

  app.get<ById>(`${BASE}/:id`, async (request, reply) => sendEntity(reply, 'Scope', await find(request)(), scopeForm));

  app.put<ById>(`${BASE}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply, 'Scope', find(request), callerOf(request).organization);
    const body = target && readBody(request, reply, scopeBody);
    if (target === undefined || body === undefined) return reply;
    if (body.name !== target.former.name)
      return refuseWith(reply, invalidFields([{ field: 'name', message: 'cannot be changed; create another scope' }]));
    return sendWritten(reply, 'Scope', await scopes.put(target.key, scopeWriteOf(body), auditOf(request)), scopeForm);
  });

  app.delete<ById>(`${BASE}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply, 'Scope', find(request), callerOf(request).organization);
    if (target === undefined) return reply;
    return sendDeleted(reply, 'Scope', await scopes.delete(target.key, auditOf(request)));
  });
}

function scopeWriteOf({ name, displayName = name, description, bindings }: ScopeBody): ScopeWrite {
  return { name, displayName, description, roles: bindings };
}

function scopeForm({ id, name, displayName, description, roles }: Scope) {
  return { id, name, displayName, description, bindings: roles };
}
