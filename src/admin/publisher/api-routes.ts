// WSO2 Publisher API v4, APIs: list, create, read, replace, delete, and their lifecycle, in WSO2's DTO and error bodies.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type PublisherApi, publisherApi } from '../../documents/wso2/publisher-api.ts';
import {
  apiWriteOf,
  type NamedApi,
  publisherContext,
  publisherForm,
} from '../../documents/wso2/publisher-api-facts.ts';
import type { ApiWrite } from '../../domain/catalog-facts.ts';
import type { AdminCaller } from '../access/admin-caller.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PUBLISH_APIS, PUBLISHER } from '../access/route-rights.ts';
import { apiFilterOf } from '../entities/api-filter.ts';
import { forbidden, notFound } from '../entities/entity-errors.ts';
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
import { invalidFields, invalidQuery, refuseWith } from '../http/wso2-error.ts';
import { LIFECYCLE_ACTIONS, lifecycleForm } from './api-lifecycle.ts';
import type { CreateApi } from './import-openapi-route.ts';

const BASE = `${PUBLISHER}/apis`;

/** Of an API that names no header. */
const AUTHORIZATION_HEADER = 'authorization';

/** What is told by name elsewhere, and what is at a place of its own: another one of those is another API. */
const IMMUTABLE = ['name', 'version', 'context'] as const;

interface LifecycleChange {
  readonly Querystring: { readonly apiId?: unknown; readonly action?: unknown };
}

/** Registers the routes. Gives back what creates an API, for who has read its DTO elsewhere. */
export function apiRoutes(
  app: FastifyInstance,
  { apis }: Pick<CatalogEntities, 'apis'>,
  { callerOf, auditOf }: RouteCallers,
): CreateApi {
  const find = (request: FastifyRequest<ById>) => () => apis.find(callerOf(request).organization, request.params.id);

  app.get(BASE, async (request, reply) => {
    const filter = apiFilterOf((request.query as { readonly query?: unknown }).query);
    if ('field' in filter) return refuseWith(reply, invalidQuery([filter]));
    const { organization } = callerOf(request);
    return sendPage(request, reply, BASE, (page) => apis.list(organization, filter, page), infoOf);
  });

  app.post(BASE, async (request, reply) => {
    const dto = readBody(request, reply, publisherApi);
    return dto === undefined ? reply : createApi(request, reply, dto);
  });

  app.get<ById>(`${BASE}/:id`, async (request, reply) =>
    sendEntity(reply, 'API', await find(request)(), publisherForm),
  );

  app.put<ById>(`${BASE}/:id`, async (request, reply) => {
    const { organization } = callerOf(request);
    const target = await targetOf(request, reply, 'API', find(request), organization);
    const dto = target && readBody(request, reply, publisherApi);
    if (target === undefined || dto === undefined) return reply;
    const { former, key } = target;
    const { provider, lifecycle, authorizationHeader } = former;
    const write = apiWriteOf(dto, { organization, provider, lifecycle, authorizationHeader });
    if (write.lifecycle !== lifecycle && !mayPublish(callerOf(request))) return refuseWith(reply, MAY_NOT_PUBLISH);
    const changed = IMMUTABLE.filter((field) => write[field] !== former[field]);
    if (changed.length > 0) return refuseWith(reply, invalidFields(changed.map(immutable)));
    // The state that was read is written with the rest: a block that came in between must not be undone.
    const written = await apis.put({ ...key, expectedVersion: former.revision }, write, auditOf(request));
    return sendWritten(reply, 'API', written, publisherForm);
  });

  app.delete<ById>(`${BASE}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply, 'API', find(request), callerOf(request).organization);
    if (target === undefined) return reply;
    const { force } = request.query as { readonly force?: unknown };
    return sendDeleted(reply, 'API', await apis.delete(target.key, auditOf(request), force === 'true'));
  });

  app.get<ById>(`${BASE}/:id/lifecycle-state`, async (request, reply) =>
    sendEntity(reply, 'API', await find(request)(), ({ lifecycle }) => lifecycleForm(lifecycle)),
  );

  app.post<LifecycleChange>(`${BASE}/change-lifecycle`, async (request, reply) => {
    const { apiId, action } = request.query;
    const { organization } = callerOf(request);
    const api = typeof apiId === 'string' ? await apis.find(organization, apiId) : undefined;
    if (api === undefined) return refuseWith(reply, notFound('API'));
    const actions = LIFECYCLE_ACTIONS[api.lifecycle];
    const next = typeof action === 'string' && Object.hasOwn(actions, action) ? actions[action] : undefined;
    if (next === undefined) {
      const message = `is no action for an API that is ${api.lifecycle}; use one of ${Object.keys(actions).join(', ')}`;
      return refuseWith(reply, invalidQuery([{ field: 'action', message }]));
    }
    const { id, number: _number, revision, ...write } = api;
    // What was read is what the state is added to: whoever changes the API meanwhile has it refused.
    const key = { organization, id, expectedVersion: revision };
    const written = await apis.put(key, { ...write, lifecycle: next } satisfies ApiWrite, auditOf(request));
    return sendWritten(reply, 'API', written, ({ lifecycle }) => ({
      workflowStatus: 'APPROVED',
      lifecycleState: lifecycleForm(lifecycle),
    }));
  });

  return createApi;

  async function createApi(request: FastifyRequest, reply: FastifyReply, dto: PublisherApi): Promise<FastifyReply> {
    const { organization, name } = callerOf(request);
    const write = apiWriteOf(dto, {
      organization,
      provider: name,
      lifecycle: 'CREATED',
      authorizationHeader: AUTHORIZATION_HEADER,
    });
    if (write.lifecycle !== 'CREATED' && !mayPublish(callerOf(request))) return refuseWith(reply, MAY_NOT_PUBLISH);
    const written = await apis.put({ organization, id: null, expectedVersion: null }, write, auditOf(request));
    return sendWritten(reply, 'API', written, publisherForm, BASE);
  }
}

/** WSO2 keeps publishing to those who have a scope for it; a DTO's state must not be a way around that. */
function mayPublish({ scopes }: AdminCaller): boolean {
  return scopes === undefined || PUBLISH_APIS.some((scope) => scopes.includes(scope));
}

const MAY_NOT_PUBLISH = forbidden('The caller may create APIs, not change their lifecycle');

function immutable(field: string) {
  return { field, message: 'cannot be changed; create another API, then retire this one' };
}

/** WSO2 APIInfo, the short form of lists. */
function infoOf(api: NamedApi) {
  const { id, name, version, provider, type, lifecycle, defaultVersionContext, securityScheme, extra } = api;
  const { description = null } = extra;
  const short = { id, name, description, context: publisherContext(api), version, provider, type, securityScheme };
  return { ...short, lifeCycleStatus: lifecycle, isDefaultVersion: defaultVersionContext !== null };
}
