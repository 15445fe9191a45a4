// WSO2's internal data API for gateways: whole lists, in WSO2's form. A list is written out while it is read, part by part, so that a
// million rows take no more room than a few.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { EntityByKind, EntityKind } from '../../domain/change.ts';
import type { PolicyKind } from '../../domain/policy.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { INTERNAL_DATA } from '../access/route-rights.ts';
import type { FleetStore } from '../fleet/fleet-store.ts';
import { endingWhenStalled } from '../http/ending-when-stalled.ts';
import { refuseWith, TOO_MANY_READERS } from '../http/wso2-error.ts';
import * as items from './wso2-data-items.ts';

/** WSO2's `xWSO2Tenant` of all tenants. */
const ALL_TENANTS = 'ALL';

type Query = Readonly<Record<string, string | undefined>>;
/** Lists under way; each has a connection to the catalog, and a read that keeps the room of what is written meanwhile. */
const MAX_LISTS = 16;

/** True for what the caller may see of an organization and wants to. */
type Sees = (organization: string) => boolean;

/** Registers the lists; what is revoked has its route beside `notify`. */
export function wso2DataRoutes(
  app: FastifyInstance,
  fleet: Pick<FleetStore, 'entities'>,
  callers: RouteCallers,
  superTenant: string,
): void {
  let underWay = 0;
  const list = (path: string, rows: (query: Query, sees: Sees, signal: AbortSignal) => AsyncIterable<object>) =>
    app.get(`${INTERNAL_DATA}/${path}`, async (request, reply) => {
      if (underWay >= MAX_LISTS) return refuseWith(reply, TOO_MANY_READERS);
      underWay += 1;
      const { query, sees, signal } = asked(request, reply);
      signal.addEventListener('abort', () => (underWay -= 1), { once: true });
      return send(reply, listText(rows(query, sees, signal)));
    });

  list('apis', async function* ({ apiId, context, version }, sees, signal) {
    for await (const api of all('api', signal)) {
      const fits = isAny(apiId, api.id, api.number) && isAny(context, api.context) && isAny(version, api.version);
      if (fits && sees(api.organization)) yield items.apiItem(api);
    }
  });
  list('applications', async function* ({ appId }, sees, signal) {
    for await (const application of all('application', signal))
      if (sees(application.organization) && isAny(appId, application.number, application.id))
        yield items.applicationItem(application);
  });
  list('application-key-mappings', async function* ({ consumerKey, keymanager }, sees, signal) {
    const keyManagers = new Map<string, string>();
    for await (const { id, dto } of all('key_manager', signal)) keyManagers.set(id, dto.name);
    const applications = await applicationsById(signal);
    for await (const mapping of all('key_mapping', signal)) {
      const application = applications.get(mapping.applicationId);
      const keyManager = keyManagers.get(mapping.keyManagerId);
      if (application === undefined || keyManager === undefined || !sees(application.organization)) continue;
      if (isAny(consumerKey, mapping.consumerKey) && isAny(keymanager, keyManager))
        yield items.keyMappingItem(mapping, keyManager, application);
    }
  });
  list('subscriptions', async function* ({ apiId, appId, apiUUID, applicationUUID }, sees, signal) {
    const apis = new Map<string, items.SubscribedApi>();
    for await (const { id, number, name, version, organization } of all('api', signal))
      apis.set(id, { id, number, name, version, organization });
    const applications = await applicationsById(signal);
    for await (const subscription of all('subscription', signal)) {
      const api = apis.get(subscription.apiId);
      const application = applications.get(subscription.applicationId);
      if (api === undefined || application === undefined || !sees(api.organization)) continue;
      const fits = isAny(apiUUID, api.id) && isAny(applicationUUID, application.id);
      if (fits && isAny(apiId, api.number) && isAny(appId, application.number))
        yield items.subscriptionItem(subscription, api, application);
    }
  });
  const policies = (path: string, kind: PolicyKind) =>
    list(path, async function* ({ policyName }, sees, signal) {
      for await (const policy of all('policy', signal))
        if (policy.kind === kind && sees(policy.organization) && isAny(policyName, policy.name))
          yield items.policyItem(policy);
    });
  policies('subscription-policies', 'SUBSCRIPTION');
  policies('application-policies', 'APPLICATION');
  policies('api-policies', 'API');
  list('scopes', async function* ({ scopeKey }, sees, signal) {
    for await (const scope of all('scope', signal))
      if (sees(scope.organization) && isAny(scopeKey, scope.name)) yield items.scopeItem(scope);
  });

  // A bare array, unlike all others; those of the organization and the Global ones.
  app.get(`${INTERNAL_DATA}/keymanagers`, async (request, reply) => {
    const { sees, signal } = asked(request, reply);
    const found = [];
    for await (const keyManager of all('key_manager', signal))
      if (sees(keyManager.organization) || keyManager.organization === GLOBAL_ORGANIZATION)
        found.push(items.keyManagerItem(keyManager));
    return found;
  });
  app.get(`${INTERNAL_DATA}/block`, async (request, reply) => {
    const { sees, signal } = asked(request, reply);
    const found = [];
    for await (const policy of all('deny_policy', signal)) if (sees(policy.organization)) found.push(policy);
    return items.blockList(found);
  });

  /** The header narrows what a caller of the super tenant sees; it widens nothing. */
  function asked(request: FastifyRequest, reply: FastifyReply) {
    const { organization } = callers.callerOf(request);
    const wanted = [request.headers['xwso2tenant']].flat()[0] ?? organization;
    const isSuper = organization === superTenant;
    const sees: Sees = (owner) => (isSuper ? wanted === ALL_TENANTS || owner === wanted : owner === organization);
    const gone = new AbortController();
    reply.raw.once('close', () => gone.abort());
    return { query: (request.query ?? {}) as Query, sees, signal: gone.signal };
  }

  async function* all<K extends EntityKind>(kind: K, signal: AbortSignal): AsyncGenerator<EntityByKind[K]> {
    for await (const part of fleet.entities(kind, signal)) yield* part;
  }

  async function applicationsById(signal: AbortSignal): Promise<Map<string, items.SubscribingApplication>> {
    const found = new Map<string, items.SubscribingApplication>();
    for await (const { id, number, organization } of all('application', signal))
      found.set(id, { id, number, organization });
    return found;
  }
}

function isAny(wanted: string | undefined, ...values: readonly (string | number)[]): boolean {
  return wanted === undefined || values.some((value) => String(value) === wanted);
}

function send(reply: FastifyReply, text: AsyncIterable<string>): FastifyReply {
  return reply.type('application/json; charset=utf-8').send(
    Readable.from(
      endingWhenStalled(text, () => reply.raw.destroy()),
      { highWaterMark: 1 },
    ),
  );
}

/** Rows in one piece of text. */
const PIECE_ROWS = 100;

/** WSO2's list; how many there are is known at its end only, and JSON does not mind. */
async function* listText(rows: AsyncIterable<object>): AsyncGenerator<string> {
  let count = 0;
  let piece: string[] = [];
  yield '{"list":[';
  for await (const row of rows) {
    piece.push(`${count === 0 ? '' : ','}${JSON.stringify(row)}`);
    count += 1;
    if (piece.length < PIECE_ROWS) continue;
    yield piece.join('');
    piece = [];
  }
  const pagination = { offset: 0, limit: count, total: count, next: '', previous: '' };
  yield `${piece.join('')}],"count":${count},"pagination":${JSON.stringify(pagination)}}`;
}
