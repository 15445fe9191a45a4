// Subscriptions: WSO2's developer portal API v3 for those who subscribe, and of its Publisher API v4 what blocks them.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { subscriptionBody } from '../../documents/wso2/portal-documents.ts';
import { type NamedApi, publisherContext } from '../../documents/wso2/publisher-api-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { Application, Subscription, SubscriptionState } from '../../domain/subscriber.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PORTAL, PUBLISHER } from '../access/route-rights.ts';
import { conflict, notFound, refusedEntity, stale } from '../entities/entity-errors.ts';
import {
  type ById,
  readBody,
  sendDeleted,
  sendEntity,
  sendPage,
  sendWritten,
  targetOf,
} from '../entities/entity-routes.ts';
import type { CatalogEntities, SubscriptionFilter } from '../entities/entity-store.ts';
import { isConditional, mayChange } from '../http/entity-tag.ts';
import { invalidFields, invalidQuery, refuseWith } from '../http/wso2-error.ts';
import { policyProblem } from '../throttling/known-policy.ts';
import { maySee } from './portal-routes.ts';
import { mayManage, type PortalUser, portalUser } from './portal-user.ts';

const BASE = `${PORTAL}/subscriptions`;
const PUBLISHED = `${PUBLISHER}/subscriptions`;

/** States that a block may bring (WSO2 `blockState`). */
const BLOCK_STATES = ['BLOCKED', 'PROD_ONLY_BLOCKED'] as const;

/** States that a subscription can be unblocked from; the others are not for a Publisher to end. */
const UNBLOCKABLE: readonly SubscriptionState[] = ['BLOCKED', 'PROD_ONLY_BLOCKED', 'UNBLOCKED'];

/** States in which a user may end a subscription: none that keeps the application out. */
const MAY_LEAVE: readonly SubscriptionState[] = ['UNBLOCKED', 'TIER_UPDATE_PENDING', 'DELETE_PENDING'];

interface StateChange {
  readonly Querystring: { readonly subscriptionId?: unknown; readonly blockState?: unknown };
}

/** Registers the routes of both. */
export function subscriptionRoutes(
  app: FastifyInstance,
  entities: Pick<CatalogEntities, 'apis' | 'applications' | 'policies' | 'subscriptions'>,
  { callerOf, auditOf }: RouteCallers,
): void {
  const { apis, applications, subscriptions } = entities;

  app.get(BASE, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const filter = filterOf(request);
    if (filter.applicationId === undefined && filter.apiId === undefined)
      return refuseWith(reply, invalidQuery([{ field: 'applicationId', message: 'is missing, and apiId too' }]));
    if (filter.applicationId !== undefined && (await applicationFor(user, filter.applicationId)) === undefined)
      return refuseWith(reply, notFound('Application'));
    const own =
      user.isAdmin || filter.applicationId !== undefined
        ? filter
        : { ...filter, ofManagedBy: { user: user.name, groups: user.roles } };
    const list = (page: { offset: number; limit: number }) => subscriptions.list(user.organization, own, page);
    return sendPage(request, reply, BASE, list, formsOf(user.organization));
  });

  app.post(BASE, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    const body = user && readBody(request, reply, subscriptionBody);
    if (user === undefined || body === undefined) return reply;
    const { apiId, applicationId, throttlingPolicy } = body;
    const [application, api] = await Promise.all([
      applicationFor(user, applicationId),
      apis.find(user.organization, apiId),
    ]);
    if (application === undefined) return refuseWith(reply, notFound('Application'));
    if (api === undefined || !maySee(user, api)) return refuseWith(reply, notFound('API'));
    if (application.state !== 'APPROVED') return refuseWith(reply, conflict('The application is not approved'));
    if (api.lifecycle !== 'PUBLISHED' && api.lifecycle !== 'PROTOTYPED')
      return refuseWith(reply, conflict(`The API is ${api.lifecycle} and takes no new subscriptions`));
    const problem = await tierProblem(user, api, throttlingPolicy);
    if (problem !== undefined) return refuseWith(reply, invalidFields([problem]));
    const key = { organization: user.organization, id: null, expectedVersion: null };
    const write = { apiId, applicationId, policy: throttlingPolicy, state: 'UNBLOCKED' } as const;
    const written = await subscriptions.put(key, write, auditOf(request));
    return sendWritten(reply, 'Subscription', written, (one) => formOf(one, user.organization), BASE);
  });

  app.get<ById>(`${BASE}/:id`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const found = await subscriptionFor(user, request.params.id);
    const form = found && (await formOf(found, user.organization));
    return sendEntity(reply, 'Subscription', found, () => form);
  });

  app.put<ById>(`${BASE}/:id`, async (request, reply) => {
    const target = await targetFor(request, reply);
    const body = target && readBody(request, reply, subscriptionBody);
    if (target === undefined || body === undefined) return reply;
    const { user, former, key } = target;
    const moved = (['apiId', 'applicationId'] as const).filter((field) => body[field] !== former[field]);
    const message = 'cannot be changed; subscribe anew';
    if (moved.length > 0) return refuseWith(reply, invalidFields(moved.map((field) => ({ field, message }))));
    const api = await apis.find(user.organization, former.apiId);
    if (api === undefined) return refuseWith(reply, notFound('API'));
    const policy = body.throttlingPolicy;
    const problem = policy === former.policy ? undefined : await tierProblem(user, api, policy);
    if (problem !== undefined) return refuseWith(reply, invalidFields([problem]));
    const { apiId, applicationId, state, version } = former;
    // The state is written with the rest: one that was changed meanwhile must not be undone.
    const written = await subscriptions.put(
      { ...key, expectedVersion: version },
      { apiId, applicationId, policy, state },
      auditOf(request),
    );
    return sendWritten(reply, 'Subscription', written, (one) => formOf(one, user.organization));
  });

  app.delete<ById>(`${BASE}/:id`, async (request, reply) => {
    const target = await targetFor(request, reply);
    if (target === undefined) return reply;
    const { user, former, key } = target;
    // Else whoever is blocked would leave, subscribe anew and be in again. WSO2 remembers the block instead.
    if (!user.isAdmin && !MAY_LEAVE.includes(former.state))
      return refuseWith(reply, conflict(`The subscription is ${former.state}; only an admin may delete it`));
    const expected = { ...key, expectedVersion: user.isAdmin ? key.expectedVersion : former.version };
    return sendDeleted(reply, 'Subscription', await subscriptions.delete(expected, auditOf(request)));
  });

  app.get(PUBLISHED, async (request, reply) => {
    const { organization } = callerOf(request);
    const filter = filterOf(request);
    if (filter.apiId === undefined)
      return refuseWith(reply, invalidQuery([{ field: 'apiId', message: 'is missing; say whose subscriptions' }]));
    const list = (page: { offset: number; limit: number }) => subscriptions.list(organization, filter, page);
    return sendPage(request, reply, PUBLISHED, list, formsOf(organization));
  });

  app.post<StateChange>(`${PUBLISHED}/block-subscription`, async (request, reply) => {
    const state = BLOCK_STATES.find((known) => known === request.query.blockState);
    if (state === undefined)
      return refuseWith(
        reply,
        invalidQuery([{ field: 'blockState', message: `must be ${BLOCK_STATES.join(' or ')}` }]),
      );
    return changeState(request, reply, state);
  });

  app.post<StateChange>(`${PUBLISHED}/unblock-subscription`, (request, reply) =>
    changeState(request, reply, 'UNBLOCKED'),
  );

  async function changeState(request: FastifyRequest<StateChange>, reply: FastifyReply, state: SubscriptionState) {
    const { organization } = callerOf(request);
    const { subscriptionId } = request.query;
    const former =
      typeof subscriptionId === 'string' ? await subscriptions.find(organization, subscriptionId) : undefined;
    if (former === undefined) return refuseWith(reply, notFound('Subscription'));
    if (!mayChange(request, former.version)) return refuseWith(reply, stale('Subscription'));
    if (state === 'UNBLOCKED' && !UNBLOCKABLE.includes(former.state))
      return refuseWith(reply, conflict(`The subscription is ${former.state}, which unblocking does not end`));
    const { id, version } = former;
    // A block must not fail because something else of the subscription was changed; an unblock may.
    const expectedVersion = isConditional(request) || state === 'UNBLOCKED' ? version : null;
    const written = await subscriptions.setState({ organization, id, expectedVersion }, state, auditOf(request));
    if (written.kind === 'refused') return refuseWith(reply, refusedEntity('Subscription', written));
    return reply.code(200).send();
  }

  async function applicationFor(user: PortalUser, id: string): Promise<Application | undefined> {
    const found = await applications.find(user.organization, id);
    return found !== undefined && mayManage(user, found) ? found : undefined;
  }

  async function subscriptionFor(user: PortalUser, id: string): Promise<Subscription | undefined> {
    const found = await subscriptions.find(user.organization, id);
    const application = found && (await applicationFor(user, found.applicationId));
    return application && found;
  }

  async function targetFor(request: FastifyRequest<ById>, reply: FastifyReply) {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return undefined;
    const find = () => subscriptionFor(user, request.params.id);
    const target = await targetOf(request, reply, 'Subscription', find, user.organization);
    return target && { user, ...target };
  }

  /** An API may say which of the policies it takes (WSO2 `policies`). */
  async function tierProblem(user: PortalUser, api: NamedApi, throttlingPolicy: string) {
    const { policies: taken } = api.extra;
    if (!Array.isArray(taken) || taken.length === 0)
      return policyProblem(entities, user, 'SUBSCRIPTION', { throttlingPolicy });
    const message = 'is none of the policies that the API takes; see throttlingPolicies of the API';
    return taken.includes(throttlingPolicy)
      ? undefined
      : ({ field: 'throttlingPolicy', message } satisfies FieldProblem);
  }

  /** The forms of a list's subscriptions; most of them are of few APIs and applications. */
  function formsOf(organization: string): (subscription: Subscription) => Promise<object> {
    const known = new Map<string, Promise<NamedApi | Application | undefined>>();
    const once = <E extends NamedApi | Application>(kind: string, id: string, find: () => Promise<E | undefined>) => {
      const found = known.get(kind + id) ?? find();
      known.set(kind + id, found);
      return found as Promise<E | undefined>;
    };
    return ({ apiId, applicationId, ...rest }) =>
      told(
        { apiId, applicationId, ...rest },
        once('api', apiId, () => apis.find(organization, apiId)),
        once('application', applicationId, () => applications.find(organization, applicationId)),
      );
  }

  function formOf(subscription: Subscription, organization: string): Promise<object> {
    return formsOf(organization)(subscription);
  }

  /** WSO2 SubscriptionDTO. */
  async function told(
    { id, apiId, applicationId, policy, state }: Subscription,
    ofApi: Promise<NamedApi | undefined>,
    ofApplication: Promise<Application | undefined>,
  ): Promise<object> {
    const [api, application] = await Promise.all([ofApi, ofApplication]);
    return {
      subscriptionId: id,
      applicationId,
      apiId,
      apiInfo: api && {
        id: apiId,
        name: api.name,
        context: publisherContext(api),
        version: api.version,
        provider: api.provider,
        lifeCycleStatus: api.lifecycle,
      },
      applicationInfo: application && {
        applicationId,
        name: application.name,
        owner: application.owner,
        throttlingPolicy: application.policy,
        status: application.state,
      },
      throttlingPolicy: policy,
      requestedThrottlingPolicy: policy,
      status: state,
    };
  }
}

function filterOf(request: FastifyRequest): SubscriptionFilter {
  const { apiId, applicationId } = request.query as { readonly apiId?: unknown; readonly applicationId?: unknown };
  return {
    ...(typeof apiId === 'string' ? { apiId } : {}),
    ...(typeof applicationId === 'string' ? { applicationId } : {}),
  };
}
