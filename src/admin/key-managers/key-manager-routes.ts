// WSO2 admin API v4, key managers of an organization and global ones: list, create, read, replace, delete, in WSO2's DTO, status
// codes and error bodies.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { readParsed } from '../../documents/reading/read-document.ts';
import { keyManagerDto } from '../../documents/wso2/key-manager-document.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import { withBothEndpointForms } from '../../domain/endpoint-forms.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { ADMIN } from '../access/route-rights.ts';
import { isConditional, mayChange, tagged } from '../http/entity-tag.ts';
import {
  invalidBody,
  invalidConfiguration,
  invalidFields,
  KEY_MANAGER_NOT_FOUND,
  NAME_IMMUTABLE,
  refusedWrite,
  refuseWith,
  staleWrite,
} from '../http/wso2-error.ts';
import { keyManagerBody, keyManagerInfo } from './key-manager-body.ts';
import type { KeyManagerStore, KeyManagerWritten } from './key-manager-store.ts';
import { ambiguousMasks } from './masks-in-lists.ts';

/** Most characters of a warning header; a proxy on the way may refuse longer ones. */
const MAX_WARNING_CHARACTERS = 4096;

interface ById {
  readonly Params: { readonly id: string };
}

/** Registers both families of routes. Who may call the global ones is the guard's business. `roles` are all that there are; empty: any. */
export function keyManagerRoutes(
  app: FastifyInstance,
  store: KeyManagerStore,
  callers: RouteCallers,
  roles: readonly string[] = [],
): void {
  const { callerOf } = callers;
  registerAt(app, `${ADMIN}/key-managers`, (request) => callerOf(request).organization, store, callers, roles);
  registerAt(app, `${ADMIN}/global-key-managers`, () => GLOBAL_ORGANIZATION, store, callers, roles);
}

function registerAt(
  app: FastifyInstance,
  base: string,
  organizationOf: (request: FastifyRequest) => string,
  store: KeyManagerStore,
  { auditOf }: RouteCallers,
  roles: readonly string[],
): void {
  const answer = (reply: FastifyReply, written: KeyManagerWritten) => {
    if (written.kind === 'invalid') return refuseWith(reply, invalidConfiguration(written.problems));
    if (written.kind === 'refused') return refuseWith(reply, refusedWrite(written));
    const { keyManager, warnings } = written;
    if (warnings.length > 0) reply.header('x-gatehouse-warning', warningHeader(warnings));
    return tagged(reply, keyManager.version).send(keyManagerBody(keyManager));
  };

  app.get(base, async (request) => {
    const [keyManagers, used] = await Promise.all([store.list(organizationOf(request)), store.used()]);
    const list = keyManagers.map((keyManager) => keyManagerInfo(keyManager, used.has(keyManager.id)));
    return { count: list.length, list };
  });

  app.post(base, async (request, reply) => {
    const read = readParsed(request.body, keyManagerDto);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    const dto = withBothEndpointForms(read.value);
    const unknown = unknownRoles(dto, roles);
    if (unknown.length > 0) return refuseWith(reply, invalidFields(unknown));
    const written = await store.create(organizationOf(request), dto, auditOf(request));
    if (written.kind === 'written') reply.code(201).header('location', `${base}/${written.keyManager.id}`);
    return answer(reply, written);
  });

  app.get<ById>(`${base}/:id`, async (request, reply) => {
    const found = await store.find(organizationOf(request), request.params.id);
    if (found === undefined) return refuseWith(reply, KEY_MANAGER_NOT_FOUND);
    return tagged(reply, found.version).send(keyManagerBody(found));
  });

  app.put<ById>(`${base}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply);
    if (target === undefined) return reply;
    const read = readParsed(request.body, keyManagerDto);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    const { former } = target;
    if (read.value.name !== former.name) return refuseWith(reply, NAME_IMMUTABLE);
    const before = withBothEndpointForms(former);
    const dto = withBothEndpointForms(read.value, before);
    const unknown = unknownRoles(dto, roles);
    if (unknown.length > 0) return refuseWith(reply, invalidFields(unknown));
    const lost = ambiguousMasks(dto, before);
    if (lost.length > 0) return refuseWith(reply, invalidConfiguration(lost));
    return answer(reply, await store.update(target, dto, auditOf(request)));
  });

  app.delete<ById & { readonly Querystring: { readonly force?: unknown } }>(`${base}/:id`, async (request, reply) => {
    const target = await targetOf(request, reply);
    if (target === undefined) return reply;
    const gone = await store.delete(target, request.query.force === 'true', auditOf(request));
    return gone.kind === 'refused' ? refuseWith(reply, refusedWrite(gone)) : reply.code(200).send();
  });

  /** The key manager that a write is about; undefined where the answer, 404 or 412, is given already. */
  async function targetOf(request: FastifyRequest<ById>, reply: FastifyReply) {
    const organization = organizationOf(request);
    const { id } = request.params;
    const found = await store.find(organization, id);
    if (found === undefined) refuseWith(reply, KEY_MANAGER_NOT_FOUND);
    else if (!mayChange(request, found.version)) refuseWith(reply, staleWrite([]));
    else {
      const expectedVersion = isConditional(request) ? found.version : null;
      return { organization, id, expectedVersion, former: found.dto };
    }
    return undefined;
  }
}

/** A role that nobody can have would keep everybody out, or nobody, unnoticed. */
function unknownRoles({ permissions }: KeyManagerDto, roles: readonly string[]): readonly FieldProblem[] {
  if (roles.length === 0) return [];
  return (permissions?.roles ?? []).flatMap((role, at) => {
    const message = 'is no role of the setting admin.roles; correct it, or add it there';
    return roles.includes(role) ? [] : [{ field: `permissions.roles[${at}]`, message }];
  });
}

/** One header, whatever the warnings say. */
function warningHeader(warnings: readonly string[]): string {
  return warnings
    .join(' ')
    .replace(/[^\x20-\x7e]/g, '?')
    .slice(0, MAX_WARNING_CHARACTERS);
}
