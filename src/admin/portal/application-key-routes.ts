// WSO2 developer portal API v3, keys of applications: clients that exist at a key manager already and are provided here. Keys are not
// generated yet.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { KEPT_OF_KEY, mapKeysBody, oauthKeyBody } from '../../documents/wso2/portal-documents.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import { splitSecrets } from '../../domain/secret-fields.ts';
import type { ApplicationKeyMapping } from '../../domain/subscriber.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { PORTAL } from '../access/route-rights.ts';
import {
  conflict,
  forbidden,
  KEY_MANAGER_NOT_REGISTERED,
  KEY_MANAGER_RESTRICTED,
  keyManagerCannot,
  notFound,
  refusedEntity,
} from '../entities/entity-errors.ts';
import { type ById, readBody, sendDeleted } from '../entities/entity-routes.ts';
import type { CatalogEntities } from '../entities/entity-store.ts';
import { invalidFields, refuseWith } from '../http/wso2-error.ts';
import type { KeyManagerStore } from '../key-managers/key-manager-store.ts';
import { mayUseKeyManager } from './key-manager-permission.ts';
import { mayManage, type PortalUser, portalUser } from './portal-user.ts';

const BASE = `${PORTAL}/applications`;

/** WSO2's key manager of a request that names none. */
const RESIDENT_KEY_MANAGER = 'Resident Key Manager';

/** What a key manager's own servers say of a client that somebody says to have. */
export type ProveClient = (
  keyManager: StoredKeyManager,
  client: { readonly consumerKey: string; readonly consumerSecret: string | undefined },
) => Promise<'confirmed' | 'refused' | 'unreachable' | 'not_asked'>;

interface ByMapping {
  readonly Params: { readonly id: string; readonly keyMappingId: string };
}

/** What the routes need. */
export interface ApplicationKeyOptions {
  readonly entities: Pick<CatalogEntities, 'applications' | 'keyMappings'>;
  readonly keyManagers: Pick<KeyManagerStore, 'find' | 'resolve'>;
  readonly proveClient: ProveClient;
}

/** Registers the routes. */
export function applicationKeyRoutes(
  app: FastifyInstance,
  { entities, keyManagers, proveClient }: ApplicationKeyOptions,
  { callerOf, auditOf }: RouteCallers,
): void {
  const { applications, keyMappings } = entities;

  app.post<ById & { readonly Querystring: { readonly move?: unknown } }>(
    `${BASE}/:id/map-keys`,
    async (request, reply) => {
      const found = await applicationFor(request, reply);
      const body = found && readBody(request, reply, mapKeysBody);
      if (found === undefined || body === undefined) return reply;
      const { user, application } = found;
      const move = request.query.move === 'true';
      if (move && !user.isAdmin) return refuseWith(reply, forbidden('Only an admin may move a client'));
      if (application.state !== 'APPROVED') return refuseWith(reply, conflict('The application is not approved'));
      const { keyManager: named = RESIDENT_KEY_MANAGER, consumerKey, consumerSecret, keyType } = body;
      const keyManager = await keyManagers.resolve(user.organization, named);
      if (keyManager === undefined || keyManager.dto.enabled === false)
        return refuseWith(reply, KEY_MANAGER_NOT_REGISTERED);
      if (!mayUseKeyManager(keyManager, user)) return refuseWith(reply, KEY_MANAGER_RESTRICTED);
      const { tokenType, enableMapOAuthConsumerApps } = keyManager.dto;
      if (tokenType === 'EXCHANGED')
        return refuseWith(reply, keyManagerCannot('Tokens of the key manager are exchanged, so no client of it calls'));
      if (enableMapOAuthConsumerApps !== true)
        return refuseWith(reply, keyManagerCannot('Out of band provisioning (enableMapOAuthConsumerApps) is off'));
      const proof = await proveClient(keyManager, { consumerKey, consumerSecret });
      if (proof === 'refused')
        return refuseWith(
          reply,
          invalidFields([{ field: 'consumerSecret', message: 'the key manager knows no such client and secret' }]),
        );
      if (proof === 'unreachable')
        return refuseWith(reply, {
          status: 503,
          code: 503,
          message: 'Service Unavailable',
          description: 'The key manager cannot be asked about the client now. Try again.',
        });
      const extra = body.additionalProperties === undefined ? {} : { additionalProperties: body.additionalProperties };
      const written = await keyMappings.map(
        user.organization,
        {
          applicationId: application.id,
          keyManager: keyManager.id,
          consumerKey,
          keyType,
          mode: 'MAPPED',
          extra: splitSecrets(extra).masked,
        },
        move,
        auditOf(request),
      );
      if (written.kind === 'refused') return refuseWith(reply, refusedEntity('Application key', written));
      return reply.send(keyForm(written.entity, keyManager));
    },
  );

  app.post<ById>(`${BASE}/:id/generate-keys`, async (request, reply) => {
    const found = await applicationFor(request, reply);
    if (found === undefined) return reply;
    const description = 'Clients are not created at key managers here; create one there and use map-keys';
    return refuseWith(reply, keyManagerCannot(description));
  });

  app.get<ById>(`${BASE}/:id/oauth-keys`, async (request, reply) => {
    const found = await applicationFor(request, reply);
    if (found === undefined) return reply;
    const mappings = await keyMappings.of(found.user.organization, found.application.id);
    const list = await Promise.all(mappings.map(async (one) => keyForm(one, await keyManagerOf(found.user, one))));
    return { count: list.length, list };
  });

  app.get<ByMapping>(`${BASE}/:id/oauth-keys/:keyMappingId`, async (request, reply) => {
    const found = await mappingFor(request, reply);
    return found === undefined
      ? reply
      : reply.send(keyForm(found.mapping, await keyManagerOf(found.user, found.mapping)));
  });

  app.put<ByMapping>(`${BASE}/:id/oauth-keys/:keyMappingId`, async (request, reply) => {
    const found = await mappingFor(request, reply);
    const body = found && readBody(request, reply, oauthKeyBody);
    if (found === undefined || body === undefined) return reply;
    const { user, mapping } = found;
    const keyManager = await keyManagerOf(user, mapping);
    if (keyManager !== undefined && !mayUseKeyManager(keyManager, user))
      return refuseWith(reply, KEY_MANAGER_RESTRICTED);
    const changed = (['consumerKey', 'keyType'] as const).filter(
      (field) => body[field] !== undefined && body[field] !== mapping[field],
    );
    const message = 'cannot be changed; delete the key and map the other one';
    if (changed.length > 0) return refuseWith(reply, invalidFields(changed.map((field) => ({ field, message }))));
    const extra = Object.fromEntries(
      KEPT_OF_KEY.flatMap((member) => (body[member] === undefined ? [] : [[member, body[member]]])),
    );
    const { masked } = splitSecrets(extra);
    const written = await keyMappings.describe(user.organization, mapping.id, masked, auditOf(request));
    if (written.kind === 'refused') return refuseWith(reply, refusedEntity('Application key', written));
    return reply.send(keyForm(written.entity, keyManager));
  });

  app.delete<ByMapping>(`${BASE}/:id/oauth-keys/:keyMappingId`, async (request, reply) => {
    const found = await mappingFor(request, reply);
    if (found === undefined) return reply;
    const { user, mapping } = found;
    const gone = await keyMappings.unmap(user.organization, mapping.id, auditOf(request));
    return sendDeleted(reply, 'Application key', gone);
  });

  async function applicationFor(request: FastifyRequest<ById>, reply: FastifyReply) {
    const user = portalUser(request, reply, callerOf(request));
    if (user === undefined) return undefined;
    const application = await applications.find(user.organization, request.params.id);
    if (application !== undefined && mayManage(user, application)) return { user, application };
    refuseWith(reply, notFound('Application'));
    return undefined;
  }

  async function mappingFor(request: FastifyRequest<ByMapping>, reply: FastifyReply) {
    const found = await applicationFor(request, reply);
    if (found === undefined) return undefined;
    const { keyMappingId } = request.params;
    const mapping = (await keyMappings.of(found.user.organization, found.application.id)).find(
      ({ id }) => id === keyMappingId,
    );
    if (mapping !== undefined) return { ...found, mapping };
    refuseWith(reply, notFound('Application key'));
    return undefined;
  }

  async function keyManagerOf({ organization }: PortalUser, { keyManagerId }: ApplicationKeyMapping) {
    return (
      (await keyManagers.find(organization, keyManagerId)) ??
      (await keyManagers.find(GLOBAL_ORGANIZATION, keyManagerId))
    );
  }
}

/** WSO2 ApplicationKeyDTO. No secret is ever known here, and no token made. */
function keyForm(mapping: ApplicationKeyMapping, keyManager: StoredKeyManager | undefined) {
  const { id, keyManagerId, consumerKey, keyType, mode, extra } = mapping;
  return {
    keyMappingId: id,
    keyManager: keyManager?.dto.name ?? keyManagerId,
    consumerKey,
    consumerSecret: null,
    supportedGrantTypes: [],
    callbackUrl: null,
    additionalProperties: {},
    ...extra,
    keyState: 'COMPLETED',
    keyType,
    mode,
    groupId: null,
    token: { accessToken: '', tokenScopes: ['N/A'], validityTime: 0 },
  };
}
