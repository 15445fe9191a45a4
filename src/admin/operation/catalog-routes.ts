// The catalog as a whole: everything that an organization has, and a document that says what it is to have. For `gatehouse export`,
// `diff` and `apply`; a document comes in parts, none of which holds the deciding loop for long.

import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { catalogDocument } from '../../documents/catalog/catalog-document.ts';
import { readParsed } from '../../documents/reading/read-document.ts';
import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import { CATALOG_SECTIONS } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { isJsonObject } from '../../domain/json-object.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { conflict } from '../entities/entity-errors.ts';
import {
  invalidBody,
  invalidFields,
  invalidQuery,
  refusedWrite,
  refuseWith,
  type Wso2Error,
} from '../http/wso2-error.ts';
import type { CatalogApplied, CatalogStore } from './catalog-store.ts';

const PATH = '/catalog';
const STAGE = /^[A-Za-z0-9-]{1,64}$/;
const FLAGS = ['part', 'dryRun', 'prune', 'allowShrink'] as const;

/** What the routes are registered with. */
export interface CatalogRoutesOptions {
  readonly catalog: CatalogStore;
  /** The organization whose callers may write Global key managers. */
  readonly superTenant: string;
}

/** Registers `GET /catalog` and `POST /catalog`. */
export function catalogRoutes(
  app: FastifyInstance,
  { catalog, superTenant }: CatalogRoutesOptions,
  { callerOf, auditOf }: RouteCallers,
): void {
  app.get<{ readonly Querystring: { readonly organization?: unknown } }>(PATH, async (request, reply) => {
    const organization = organizationOf(request, request.query.organization);
    if (organization === undefined) return refuseWith(reply, invalidQuery([NOT_OWN]));
    const { revision, parts } = catalog.read(organization);
    return reply.type('application/x-ndjson').send(Readable.from(linesOf({ organization, revision }, parts)));
  });

  app.post<{ readonly Querystring: Readonly<Record<string, unknown>> }>(PATH, async (request, reply) => {
    const query = queryOf(request.query);
    if (!('flags' in query)) return refuseWith(reply, invalidQuery(query));
    const { flags, stage = request.id, expectedRevision } = query;
    const read = readParsed(request.body, catalogDocument);
    if (!read.ok) return refuseWith(reply, invalidBody(read.problems));
    const organization = organizationOf(request, read.value.organization);
    if (organization === undefined) return refuseWith(reply, invalidFields([NOT_OWN]));
    // Nobody adds to what another caller sends.
    const ownStage = JSON.stringify([callerOf(request).name, organization, stage]);
    const stated = isJsonObject(request.body) ? Object.keys(request.body) : [];
    const sections = CATALOG_SECTIONS.filter((section) => stated.includes(section));
    const refused = await catalog.stage(ownStage, { ...read.value, organization }, sections);
    if (refused !== undefined)
      return refuseWith(reply, 'kind' in refused ? refusedDocument(refused) : invalidFields(refused));
    if (flags.has('part')) return reply.code(202).send({ stage });
    const how = {
      prune: flags.has('prune'),
      allowShrink: flags.has('allowShrink'),
      dryRun: flags.has('dryRun'),
      expectedRevision,
    };
    return answer(reply, await catalog.apply(ownStage, how, auditOf(request)));
  });

  /** That of the caller; for the super tenant also that of the Global key managers. */
  function organizationOf(request: FastifyRequest, named: unknown): string | undefined {
    const { organization } = callerOf(request);
    if (named === undefined || named === organization) return organization;
    return named === GLOBAL_ORGANIZATION && organization === superTenant ? GLOBAL_ORGANIZATION : undefined;
  }
}

const NOT_OWN: FieldProblem = {
  field: 'organization',
  message: 'is not that of the caller; leave it out, or correct it',
};

interface CatalogQuery {
  readonly flags: ReadonlySet<(typeof FLAGS)[number]>;
  readonly stage?: string;
  readonly expectedRevision: string | null;
}

/** A misspelled flag must not turn a dry run into a write. */
function queryOf(query: Readonly<Record<string, unknown>>): CatalogQuery | readonly FieldProblem[] {
  // `wait` is every write's own.
  const { stage, expectRevision, wait: _wait, ...rest } = query;
  const problems = Object.entries(rest).flatMap(([field, value]) => {
    if (!FLAGS.some((flag) => flag === field))
      return [{ field, message: `is not known; known are ${FLAGS.join(', ')}` }];
    return value === 'true' || value === 'false' ? [] : [{ field, message: 'must be true or false' }];
  });
  if (stage !== undefined && (typeof stage !== 'string' || !STAGE.test(stage)))
    problems.push({ field: 'stage', message: 'must be letters, digits and hyphens' });
  if (expectRevision !== undefined && (typeof expectRevision !== 'string' || !STAGE.test(expectRevision)))
    problems.push({ field: 'expectRevision', message: 'must be a revision that GET /catalog gave' });
  if (problems.length > 0) return problems;
  return {
    flags: new Set(FLAGS.filter((flag) => rest[flag] === 'true')),
    ...(typeof stage === 'string' && { stage }),
    expectedRevision: typeof expectRevision === 'string' ? expectRevision : null,
  };
}

/** The head, an entity a line, and how many there were: an answer without its last line was cut off. */
async function* linesOf(head: object, parts: AsyncIterable<readonly object[]>): AsyncGenerator<string> {
  yield `${JSON.stringify(head)}\n`;
  let count = 0;
  for await (const part of parts) {
    count += part.length;
    yield part.map((entity) => `${JSON.stringify(entity)}\n`).join('');
  }
  yield `${JSON.stringify({ end: count })}\n`;
}

function answer(reply: FastifyReply, applied: CatalogApplied) {
  if (applied.kind === 'refused') return refuseWith(reply, refusedDocument(applied));
  if (applied.kind !== 'held_back') return reply.send(applied);
  const fields = applied.counts.map(({ kind, present, removed }) => ({
    field: '',
    message: `${removed} of ${present} entries of the kind ${kind} would be deleted`,
  }));
  return refuseWith(
    reply,
    conflict('The document would delete a large part of the catalog; allowShrink=true allows it', fields),
  );
}

function refusedDocument(refusal: Extract<CatalogApplied, { readonly kind: 'refused' }>): Wso2Error {
  const { why, fields } = refusal;
  if (why === 'stale')
    return {
      status: 412,
      code: 412,
      message: 'Precondition Failed',
      description: 'The catalog was changed since it was read',
      fields,
    };
  if (why === 'exists') return conflict('The document names something twice', fields);
  return refusedWrite(refusal);
}
