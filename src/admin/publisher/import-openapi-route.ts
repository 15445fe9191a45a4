// WSO2 Publisher API v4, import of an OpenAPI document: as WSO2's form, or as JSON. The document is read in a thread of its own, for
// large ones take seconds, and decisions are made in this one.

import fastifyMultipart from '@fastify/multipart';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { MAX_OPENAPI_BYTES } from '../../documents/openapi/import-openapi.ts';
import type { PublisherApi } from '../../documents/wso2/publisher-api.ts';
import { PUBLISHER } from '../access/route-rights.ts';
import { invalidBody, invalidFields, refuseWith } from '../http/wso2-error.ts';
import { type OpenApiReader, readOpenApiInThread } from './openapi-reader.ts';

/** The document as text in JSON may be twice as long, with its members beside it. */
const MAX_JSON_BYTES = 2 * MAX_OPENAPI_BYTES + 1_048_576;

const FORM_LIMITS = {
  fields: 8,
  files: 1,
  parts: 9,
  fileSize: MAX_OPENAPI_BYTES,
  fieldSize: MAX_OPENAPI_BYTES,
  fieldNameSize: 64,
  headerPairs: 16,
};

/** Creates the API that a document describes, and answers. */
export type CreateApi = (request: FastifyRequest, reply: FastifyReply, dto: PublisherApi) => Promise<FastifyReply>;

/** Registers the route. */
export function importOpenApiRoute(
  app: FastifyInstance,
  create: CreateApi,
  read: OpenApiReader = readOpenApiInThread(),
): void {
  app.register(async (scope) => {
    scope.removeAllContentTypeParsers();
    // Taken as it came: the thread reads it.
    scope.addContentTypeParser(/^application\/json\s*(?:;|$)/i, { parseAs: 'string' }, (_request, text, done) =>
      done(null, text),
    );
    await scope.register(fastifyMultipart, { limits: FORM_LIMITS, throwFileSizeLimit: true });
    scope.post(`${PUBLISHER}/apis/import-openapi`, { bodyLimit: MAX_JSON_BYTES }, async (request, reply) => {
      const given = request.isMultipart() ? await readForm(request) : { body: String(request.body ?? '') };
      if ('problem' in given) return refuseWith(reply, invalidFields([given.problem]));
      const dto = await read(given);
      if (dto === 'busy')
        return refuseWith(reply, {
          status: 503,
          code: 503,
          message: 'Service Unavailable',
          description: 'Another document is being read, or this one took too long. Try again.',
        });
      return dto.ok ? create(request, reply, dto.value) : refuseWith(reply, invalidBody(dto.problems));
    });
  });
}

/** WSO2's form: `file` or `inlineAPIDefinition`, and `additionalProperties`. A `url` is not fetched. */
async function readForm(request: FastifyRequest) {
  const fields = new Map<string, string>();
  for await (const part of request.parts()) {
    if (part.type === 'file') fields.set('file', (await part.toBuffer()).toString('utf8'));
    else if (typeof part.value === 'string') fields.set(part.fieldname, part.value);
  }
  const problem = (field: string, message: string) => ({ problem: { field, message } });
  if (fields.has('url')) return problem('url', 'is not fetched; send the document itself as file');
  const definition = fields.get('file') ?? fields.get('inlineAPIDefinition');
  if (definition === undefined) return problem('file', 'is missing; send the OpenAPI document');
  return { definition, additionalProperties: fields.get('additionalProperties') };
}
