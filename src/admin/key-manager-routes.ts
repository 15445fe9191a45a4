// WSO2 admin API v4, key managers: list, create, read, delete, in WSO2's DTO, status codes and error bodies.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { keyManagerDto } from '../documents/key-manager-document.ts';
import { readParsed } from '../documents/read-document.ts';
import { GLOBAL_ORGANIZATION } from '../domain/api.ts';
import type { KeyManagerDto, StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { AdminCaller } from './admin-caller.ts';
import type { KeyManagerStore } from './key-manager-store.ts';
import { maskSecrets } from './mask-secrets.ts';
import {
  errorBody,
  invalidBody,
  invalidConfiguration,
  KEY_MANAGER_NOT_FOUND,
  refusedWrite,
  type Wso2Error,
} from './wso2-error.ts';

const BASE = '/api/am/admin/v4/key-managers';

/** How soon to come again when too many writes wait. */
const BUSY_RETRY_SECONDS = 1;

/** Names in `additionalProperties` that belong to the connector of a type. */
export type ConnectorPropertiesOf = (type: string) => readonly string[];

/** Registers the routes; `callerOf` gives the proved caller of a request. */
export function keyManagerRoutes(
  app: FastifyInstance,
  store: KeyManagerStore,
  connectorPropertiesOf: ConnectorPropertiesOf,
  callerOf: (request: FastifyRequest) => AdminCaller,
): void {
  /** The whole DTO, with secrets hidden. */
  const dtoOf = ({ id, organization, dto }: StoredKeyManager): KeyManagerDto => {
    return { ...maskSecretsOf(dto, connectorPropertiesOf), id, global: organization === GLOBAL_ORGANIZATION };
  };

  app.get(BASE, async (request) => {
    const list = (await store.list(callerOf(request).organization)).map(infoOf);
    return { count: list.length, list };
  });

  app.post(BASE, async (request, reply) => {
    const read = readParsed(request.body, keyManagerDto);
    if (!read.ok) return refuse(reply, invalidBody(read.problems));
    const written = await store.create(callerOf(request).organization, read.value);
    if (written.kind === 'invalid') return refuse(reply, invalidConfiguration(written.problems));
    if (written.kind === 'refused') return refuse(reply, refusedWrite(written));
    if (written.warnings.length > 0) reply.header('x-gatehouse-warning', written.warnings.map(headerText).join(' '));
    return reply.code(201).header('location', `${BASE}/${written.keyManager.id}`).send(dtoOf(written.keyManager));
  });

  app.get<{ Params: { id: string } }>(`${BASE}/:id`, async (request, reply) => {
    const found = await store.find(callerOf(request).organization, request.params.id);
    return found === undefined ? refuse(reply, KEY_MANAGER_NOT_FOUND) : dtoOf(found);
  });

  app.delete<{ Params: { id: string }; Querystring: { force?: string | string[] } }>(
    `${BASE}/:id`,
    async (request, reply) => {
      const force = request.query.force === 'true';
      const gone = await store.delete(callerOf(request).organization, request.params.id, force);
      return gone.kind === 'refused' ? refuse(reply, refusedWrite(gone)) : reply.code(200).send();
    },
  );
}

function refuse(reply: FastifyReply, error: Wso2Error) {
  if (error.status === 503) reply.header('retry-after', BUSY_RETRY_SECONDS);
  return reply.code(error.status).send(errorBody(error));
}

/** Names of the DTO's own members are WSO2's and none of them is a secret (`enableTokenHashing`); only free-form ones may be. */
function maskSecretsOf(dto: KeyManagerDto, connectorPropertiesOf: ConnectorPropertiesOf): KeyManagerDto {
  const members = Object.entries(dto).map(([name, value]) => [
    name,
    maskSecrets(value, name === 'additionalProperties' ? connectorPropertiesOf(dto.type) : []),
  ]);
  return Object.fromEntries(members) as KeyManagerDto;
}

/** WSO2 KeyManagerInfo, the short form of lists. */
function infoOf({ id, organization, dto }: StoredKeyManager) {
  const { name, type, description, enabled = true, tokenType = 'DIRECT' } = dto;
  return { id, name, type, description, enabled, isGlobal: organization === GLOBAL_ORGANIZATION, tokenType };
}

function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?');
}
