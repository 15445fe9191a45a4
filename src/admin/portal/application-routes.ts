// WSO2 developer portal API v3, applications: list, create, read, replace, delete. A user sees those that it owns or that a group of
// its manages; an admin who calls for itself sees those of all users of its organization.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type ApplicationBody, applicationBody, KEPT_OF_APPLICATION } from '../../documents/wso2/portal-documents.ts';
import type { ApplicationFacts } from '../../domain/catalog-facts.ts';
import { splitSecrets } from '../../domain/secret-fields.ts';
import type { Application } from '../../domain/subscriber.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PORTAL } from '../access/route-rights.ts';
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
import { policyProblem } from '../throttling/known-policy.ts';
import { mayManage, type PortalUser, portalUser } from './portal-user.ts';

const BASE = `${PORTAL}/applications`;

/** Registers the routes. */
export function applicationRoutes(
  app: FastifyInstance,
  entities: Pick<CatalogEntities, 'applications' | 'keyMappings' | 'policies' | 'subscriptions'>,
  { callerOf, auditOf }: RouteCallers,
): void {
  const { applications, keyMappings, subscriptions } = entities;

  app.get(BASE, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const { query } = request.query as { readonly query?: unknown };
    const filter = {
      ...(typeof query === 'string' && query !== '' ? { nameContains: query } : {}),
      ...(user.isAdmin ? {} : { managedBy: { user: user.name, groups: user.roles } }),
    };
    return sendPage(
      request,
      reply,
      BASE,
      (page) => applications.list(user.organization, filter, page),
      async (application) => ({ ...short(application), subscriptionCount: await countOf(application) }),
    );
  });

  app.post(BASE, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    const body = user && readBody(request, reply, applicationBody);
    if (user === undefined || body === undefined) return reply;
    const { owner = user.name } = body;
    const problem = ownerProblem(user, owner, user.name) ?? (await policyProblem(entities, user, 'APPLICATION', body));
    if (problem !== undefined) return refuseWith(reply, invalidFields([problem]));
    const key = { organization: user.organization, id: null, expectedVersion: null };
    const written = await applications.put(key, writeOf(body, owner, 'APPROVED'), auditOf(request));
    return sendWritten(reply, 'Application', written, formOf, BASE);
  });

  app.get<ById>(`${BASE}/:id`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const found = await findFor(user, request.params.id);
    const form = found && (await formOf(found));
    return sendEntity(reply, 'Application', found, () => form);
  });

  app.put<ById>(`${BASE}/:id`, async (request, reply) => {
    const found = await targetFor(request, reply);
    const body = found && readBody(request, reply, applicationBody);
    if (found === undefined || body === undefined) return reply;
    const { user, former, key } = found;
    const { owner = former.owner } = body;
    const problem =
      ownerProblem(user, owner, former.owner) ?? (await policyProblem(entities, user, 'APPLICATION', body));
    if (problem !== undefined) return refuseWith(reply, invalidFields([problem]));
    // The state is written with the rest: one that was changed meanwhile must not be undone.
    const written = await applications.put(
      { ...key, expectedVersion: former.version },
      writeOf(body, owner, former.state),
      auditOf(request),
    );
    return sendWritten(reply, 'Application', written, formOf);
  });

  app.delete<ById>(`${BASE}/:id`, async (request, reply) => {
    const found = await targetFor(request, reply);
    if (found === undefined) return reply;
    return sendDeleted(reply, 'Application', await applications.delete(found.key, auditOf(request)));
  });

  async function findFor(user: PortalUser, id: string): Promise<Application | undefined> {
    const found = await applications.find(user.organization, id);
    return found !== undefined && mayManage(user, found) ? found : undefined;
  }

  async function targetFor(request: FastifyRequest<ById>, reply: FastifyReply) {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return undefined;
    const find = () => findFor(user, request.params.id);
    const target = await targetOf(request, reply, 'Application', find, user.organization);
    return target && { user, ...target };
  }

  async function countOf({ id, organization }: Application): Promise<number> {
    return (await subscriptions.list(organization, { applicationId: id }, { offset: 0, limit: 1 })).total;
  }

  /** WSO2 ApplicationDTO. */
  async function formOf(application: Application) {
    const { attributes, extra, id, organization } = application;
    const keys = (await keyMappings.of(organization, id)).map(({ id: keyMappingId, consumerKey, keyType, mode }) => {
      return { keyMappingId, consumerKey, keyType, mode, keyState: 'COMPLETED' };
    });
    const set = { ...extra, ...short(application), attributes, keys };
    return { tokenType: 'JWT', visibility: null, ...set, subscriptionCount: await countOf(application) };
  }
}

/** WSO2 ApplicationInfo. */
function short({ id, name, policy, description, state, groups, owner, attributes }: Application) {
  const shown = { name, throttlingPolicy: policy, description, status: state, groups, owner, attributes };
  return { applicationId: id, ...shown };
}

function writeOf(body: ApplicationBody, owner: string, state: Application['state']): ApplicationFacts {
  const { name, throttlingPolicy, description, attributes, groups } = body;
  const kept = Object.fromEntries(
    KEPT_OF_APPLICATION.flatMap((member) => (body[member] === undefined ? [] : [[member, body[member]]])),
  );
  const extra = splitSecrets(kept).masked;
  return { name, owner, policy: throttlingPolicy, description, attributes, groups, state, extra };
}

/** Only an admin who calls for itself says whose an application is. */
function ownerProblem(user: PortalUser, owner: string, expected: string) {
  if (user.isAdmin || owner === expected) return undefined;
  return { field: 'owner', message: 'is another user; leave it out, or have an admin give the application away' };
}
