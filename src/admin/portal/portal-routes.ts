// WSO2 developer portal API v3, what developers choose from: APIs, key managers and policies, each as far as the user may use it.

import type { FastifyInstance } from 'fastify';
import { type NamedApi, publisherContext } from '../../documents/wso2/publisher-api-facts.ts';
import { isAllowedTo, visibleOrganizationsOf } from '../../domain/allowed-organizations.ts';
import { GLOBAL_ORGANIZATION, type Lifecycle, UNLIMITED_POLICY } from '../../domain/api.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { Policy } from '../../domain/policy.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PORTAL } from '../access/route-rights.ts';
import { apiFilterOf } from '../entities/api-filter.ts';
import { type ById, sendEntity, sendPage } from '../entities/entity-routes.ts';
import type { CatalogEntities } from '../entities/entity-store.ts';
import { invalidQuery, refuseWith } from '../http/wso2-error.ts';
import type { KeyManagerStore } from '../key-managers/key-manager-store.ts';
import { mayUseKeyManager } from './key-manager-permission.ts';
import { type PortalUser, portalUser } from './portal-user.ts';

/** States in which an API is shown; WSO2's portal shows these. */
const SHOWN: readonly Lifecycle[] = ['PUBLISHED', 'PROTOTYPED', 'DEPRECATED', 'BLOCKED'];

const LEVELS = { application: 'APPLICATION', subscription: 'SUBSCRIPTION' } as const;

/** Registers the routes. */
export function portalRoutes(
  app: FastifyInstance,
  { apis, policies }: Pick<CatalogEntities, 'apis' | 'policies'>,
  keyManagers: Pick<KeyManagerStore, 'list'>,
  { callerOf }: RouteCallers,
): void {
  app.get(`${PORTAL}/apis`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const filter = apiFilterOf((request.query as { readonly query?: unknown }).query);
    if ('field' in filter) return refuseWith(reply, invalidQuery([filter]));
    const lifecycles = SHOWN.filter((shown) => filter.lifecycles?.includes(shown) ?? true);
    const visible = { ...filter, lifecycles, ...(user.isAdmin ? {} : { visibleTo: user.roles }) };
    return sendPage(request, reply, `${PORTAL}/apis`, (page) => apis.list(user.organization, visible, page), apiInfo);
  });

  app.get<ById>(`${PORTAL}/apis/:id`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const api = await apis.find(user.organization, request.params.id);
    return sendEntity(reply, 'API', api !== undefined && maySee(user, api) ? api : undefined, apiInfo);
  });

  app.get(`${PORTAL}/key-managers`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const all = await Promise.all([user.organization, GLOBAL_ORGANIZATION].map((owner) => keyManagers.list(owner)));
    const list = all
      .flat()
      .filter((one) => one.dto.enabled !== false && mayUseKeyManager(one, user))
      .map(keyManagerInfo);
    return reply.send({ count: list.length, list });
  });

  app.get<ById>(`${PORTAL}/throttling-policies/:id`, async (request, reply) => {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return reply;
    const { id: level } = request.params;
    if (level !== 'application' && level !== 'subscription')
      return refuseWith(
        reply,
        invalidQuery([{ field: 'policyLevel', message: 'must be application or subscription' }]),
      );
    const path = `${PORTAL}/throttling-policies/${level}`;
    const filter = { kind: LEVELS[level] };
    return sendPage(
      request,
      reply,
      path,
      (page) => policies.list(user.organization, filter, page),
      (policy) => policyInfo(policy, level),
    );
  });
}

/** WSO2's visibility: to all, or to those with one of the roles. States in which nobody can call it are not shown. */
export function maySee(user: PortalUser, { lifecycle, extra, organization }: NamedApi): boolean {
  if (!SHOWN.includes(lifecycle)) return false;
  if (!isAllowedTo(user.organization, visibleOrganizationsOf({ extra }), organization)) return false;
  const { visibility, visibleRoles } = extra;
  if (user.isAdmin || visibility !== 'RESTRICTED') return true;
  return Array.isArray(visibleRoles) && visibleRoles.some((role) => user.roles.includes(role));
}

function apiInfo(api: NamedApi) {
  const { id, name, version, provider, type, lifecycle, extra } = api;
  const { description = null, policies } = extra;
  const throttlingPolicies = Array.isArray(policies) ? policies : [UNLIMITED_POLICY];
  const told = { id, name, description, context: publisherContext(api), version, provider, type };
  return { ...told, lifeCycleStatus: lifecycle, throttlingPolicies };
}

/** WSO2 KeyManagerInfo of the portal: nothing of how Gatehouse itself reaches it. */
function keyManagerInfo({ id, dto, organization }: StoredKeyManager) {
  return {
    id,
    name: dto.name,
    type: dto.type,
    displayName: dto.displayName ?? dto.name,
    description: dto.description ?? null,
    enabled: true,
    isGlobal: organization === GLOBAL_ORGANIZATION,
    availableGrantTypes: dto.availableGrantTypes ?? [],
    tokenEndpoint: dto.displayTokenEndpoint || (dto.tokenEndpoint ?? null),
    revokeEndpoint: dto.displayRevokeEndpoint || (dto.revokeEndpoint ?? null),
    userInfoEndpoint: dto.userInfoEndpoint ?? null,
    enableTokenGeneration: dto.enableTokenGeneration ?? false,
    enableTokenEncryption: dto.enableTokenEncryption ?? false,
    enableTokenHashing: dto.enableTokenHashing ?? false,
    enableOAuthAppCreation: false,
    enableMapOAuthConsumerApps: dto.enableMapOAuthConsumerApps ?? false,
    tokenType: dto.tokenType ?? 'DIRECT',
  };
}

function policyInfo({ name, displayName, description, limits }: Policy, policyLevel: string) {
  return { name, displayName, description, policyLevel, attributes: limits };
}
