// From the text of an OpenAPI document, and members that are given beside it, to a Publisher API DTO. Large documents take seconds:
// whoever calls this does it where nobody waits.

import { z } from 'zod';
import { isJsonObject } from '../../domain/json-object.ts';
import { duplicateMember } from '../reading/duplicate-member.ts';
import { parseYaml } from '../reading/parse-yaml.ts';
import type { Problem, Read } from '../reading/problem.ts';
import { readParsed } from '../reading/read-document.ts';
import { type PublisherApi, publisherApi } from '../wso2/publisher-api.ts';
import { readOpenApi } from './openapi-document.ts';

/** Largest OpenAPI document. */
export const MAX_OPENAPI_BYTES = 10 * 1_048_576;

/** Deeper than any document that is meant well. */
const MAX_DEPTH = 64;

/** What came in. */
export interface OpenApiImport {
  /** YAML or JSON. */
  readonly definition: string;
  /** JSON: members of the DTO that count more than what the document says (WSO2 `additionalProperties`). */
  readonly additionalProperties: string | undefined;
}

/** The DTO, or everything that is wrong. */
export function importOpenApi({ definition, additionalProperties }: OpenApiImport): Read<PublisherApi> {
  const refused = (file: string, message: string, fix: string): Read<never> => {
    return { ok: false, problems: [{ file, line: undefined, column: undefined, field: file, message, fix }] };
  };
  if (Buffer.byteLength(definition) > MAX_OPENAPI_BYTES)
    return refused('definition', `is larger than ${MAX_OPENAPI_BYTES} bytes`, 'split the API');
  const given = additionalProperties === undefined ? {} : parseJson(additionalProperties);
  if (!isJsonObject(given))
    return refused(
      'additionalProperties',
      'is no JSON object, or has a member twice',
      'give members of an API as JSON',
    );
  const document = parse(definition);
  if (isProblems(document)) return { ok: false, problems: document };
  const members = readOpenApi(document.data, 'definition');
  if (isProblems(members)) return { ok: false, problems: members };
  return readParsed({ ...members, ...given }, publisherApi);
}

/** The same from one JSON body: `inlineAPIDefinition`, a text or the document itself, and `additionalProperties`. */
export function importOpenApiBody(body: string): Read<PublisherApi> {
  const read = readParsed(parseJson(body), openApiBody);
  if (!read.ok) return read;
  const { inlineAPIDefinition: given, additionalProperties } = read.value;
  return importOpenApi({
    definition: typeof given === 'string' ? given : JSON.stringify(given),
    additionalProperties: additionalProperties && JSON.stringify(additionalProperties),
  });
}

const openApiBody = z.strictObject({
  inlineAPIDefinition: z.union([z.string(), z.record(z.string(), z.unknown())]),
  additionalProperties: z.record(z.string(), z.unknown()).optional(),
});

/** JSON is read by its own parser, which is a hundred times faster on large documents, and as strictly as YAML. */
function parse(text: string): { readonly data: unknown } | readonly Problem[] {
  const json = parseJson(text);
  return json === undefined ? parseYaml(text, 'definition') : { data: json };
}

function parseJson(text: string): unknown {
  if (!/^\s*\{/.test(text)) return undefined;
  try {
    const value: unknown = JSON.parse(text);
    return duplicateMember(text) === undefined && isShallow(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** Level by level, for what recurses would be what the limit is there to bound. */
function isShallow(value: unknown): boolean {
  let level: unknown[] = [value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return false;
    level = level.flatMap((item) => (typeof item === 'object' && item !== null ? Object.values(item) : []));
  }
  return true;
}

function isProblems(value: unknown): value is readonly Problem[] {
  return Array.isArray(value);
}
