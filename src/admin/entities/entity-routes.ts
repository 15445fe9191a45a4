// What routes of all kinds of entities do alike: pages, one entity, the condition of a write, and answers of writes.

import type { FastifyReply, FastifyRequest } from 'fastify';
import { readParsed, type Schema } from '../../documents/reading/read-document.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import { isConditional, mayChange, tagged } from '../http/entity-tag.ts';
import { type Page, pageOf, paginationOf } from '../http/page.ts';
import { invalidBody, invalidQuery, refuseWith } from '../http/wso2-error.ts';
import { type EntityName, notFound, refusedEntity, stale } from './entity-errors.ts';
import type { ExistingKey, Gone, Listed, Written } from './entity-store.ts';

/** A path with one id. */
export interface ById {
  readonly Params: { readonly id: string };
}

/** Answers with a page of WSO2's form; `read` gets the page that the query asks for. */
export async function sendPage<E>(
  request: FastifyRequest,
  reply: FastifyReply,
  path: string,
  read: (page: Page) => Promise<Listed<E>>,
  form: (entity: E) => unknown,
): Promise<FastifyReply> {
  const page = pageOf(request.query);
  if (!('offset' in page)) return refuseWith(reply, invalidQuery(page));
  const { total, list } = await read(page);
  const forms = await Promise.all(list.map(form));
  return reply.send({ count: forms.length, list: forms, pagination: paginationOf(page, total, path) });
}

/** The body as its schema reads it; undefined where the answer is given already. */
export function readBody<T>(request: FastifyRequest, reply: FastifyReply, schema: Schema<T>): T | undefined {
  const read = readParsed(request.body, schema);
  if (read.ok) return read.value;
  refuseWith(reply, invalidBody(read.problems));
  return undefined;
}

/** The entity that a write is about and the key to write it with; undefined where the answer, 404 or 412, is given already. */
export async function targetOf<E extends { readonly id: string }>(
  request: FastifyRequest<ById>,
  reply: FastifyReply,
  what: EntityName,
  find: () => Promise<E | undefined>,
  organization: string,
): Promise<{ readonly former: E; readonly key: ExistingKey } | undefined> {
  const former = await find();
  if (former === undefined) {
    refuseWith(reply, notFound(what));
    return undefined;
  }
  const version = versionOf(former);
  if (version !== undefined && !mayChange(request, version)) {
    refuseWith(reply, stale(what));
    return undefined;
  }
  const expectedVersion = version !== undefined && isConditional(request) ? version : null;
  return { former, key: { organization, id: former.id, expectedVersion } };
}

/** Answers with one entity, or that it is not there. */
export function sendEntity<E extends object>(
  reply: FastifyReply,
  what: EntityName,
  entity: E | undefined,
  form: (entity: E) => unknown,
): FastifyReply {
  if (entity === undefined) return refuseWith(reply, notFound(what));
  const version = versionOf(entity);
  return (version === undefined ? reply : tagged(reply, version)).send(form(entity));
}

/** Answers a write: the entity as it is now, or what was refused. `location` is where a new one is. */
export async function sendWritten<E extends { readonly id: string }>(
  reply: FastifyReply,
  what: EntityName,
  written: Written<E> | WriteRefusal,
  form: (entity: E) => unknown,
  location?: string,
): Promise<FastifyReply> {
  if (written.kind === 'refused') return refuseWith(reply, refusedEntity(what, written));
  if (location !== undefined) reply.code(201).header('location', `${location}/${written.entity.id}`);
  const told = await form(written.entity);
  return sendEntity(reply, what, written.entity, () => told);
}

/** Deletes an entity that was found, and answers as WSO2 does: 200 without a body. */
export async function sendDeleted(
  reply: FastifyReply,
  what: EntityName,
  gone: Gone | WriteRefusal,
): Promise<FastifyReply> {
  return gone.kind === 'refused' ? refuseWith(reply, refusedEntity(what, gone)) : reply.code(200).send();
}

/** APIs say `revision` where the others say `version`, which is an API's own word for something else. */
function versionOf(entity: object): number | undefined {
  const { revision, version } = entity as { readonly revision?: unknown; readonly version?: unknown };
  if (typeof revision === 'number') return revision;
  return typeof version === 'number' ? version : undefined;
}
