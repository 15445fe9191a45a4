// Looks at key managers' own servers on behalf of an admin: WSO2's discovery import, the types that there are, and a test of one key
// manager from end to end.

import fastifyMultipart from '@fastify/multipart';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isJsonObject } from '../../domain/json-object.ts';
import type { RouteCallers } from '../access/route-caller.ts';
import { ADMIN } from '../access/route-rights.ts';
import { invalidFields, KEY_MANAGER_NOT_FOUND, refuseWith } from '../http/wso2-error.ts';
import type { KeyManagerDiagnosis } from './diagnosis.ts';

/** WSO2's type of a key manager that says no other. */
const DEFAULT_TYPE = 'CustomKeyManager';

/** A URL and a type are short; nothing else is taken. */
const FORM_LIMITS = { fields: 8, files: 0, parts: 8, fieldSize: 4096, fieldNameSize: 64, headerPairs: 16 };

/** Longest sample token. */
const MAX_TOKEN_CHARACTERS = 131_072;

/** Registers the routes. */
export function diagnosisRoutes(
  app: FastifyInstance,
  diagnosis: KeyManagerDiagnosis,
  { callerOf }: RouteCallers,
): void {
  app.get(`${ADMIN}/key-manager-types`, async () => {
    const list = diagnosis.types();
    return { count: list.length, list };
  });

  app.post<{ Params: { id: string } }>(`${ADMIN}/key-managers/:id/test`, async (request, reply) => {
    const { token } = isJsonObject(request.body) ? request.body : {};
    if (token !== undefined && (typeof token !== 'string' || token.length > MAX_TOKEN_CHARACTERS))
      return refuseWith(reply, invalidFields([{ field: 'token', message: 'must be the text of one token' }]));
    const { organization } = callerOf(request);
    const found = await diagnosis.test(organization, request.params.id, token);
    return found ?? refuseWith(reply, KEY_MANAGER_NOT_FOUND);
  });

  // A form is read at this one route and at no other.
  app.register(async (scope) => {
    await scope.register(fastifyMultipart, { limits: FORM_LIMITS });
    scope.post(`${ADMIN}/key-managers/discover`, async (request, reply) => {
      const asked = request.isMultipart() ? await readForm(request) : isJsonObject(request.body) ? request.body : {};
      const type = typeof asked['type'] === 'string' && asked['type'] !== '' ? asked['type'] : DEFAULT_TYPE;
      // WSO2 answers 200 whatever the URL is; why it is no good is told in a header, which its clients overlook.
      const url = asked['url'];
      const found =
        typeof url === 'string' && url !== ''
          ? await diagnosis.discover(url, type)
          : ({ kind: 'failed', reason: 'url is missing: give the URL of the discovery document' } as const);
      if (found.kind === 'failed') {
        reply.header('x-gatehouse-reason', headerText(found.reason));
        return { valid: false, value: null, reason: found.reason };
      }
      if (found.warnings.length > 0) reply.header('x-gatehouse-warning', headerText(found.warnings.join(' ')));
      return { valid: true, value: found.dto };
    });
  });
}

/** The text fields of a form; a field that is there twice counts as last given, as in WSO2. */
async function readForm(request: FastifyRequest): Promise<Readonly<Record<string, unknown>>> {
  const fields: [string, unknown][] = [];
  for await (const part of request.parts()) if (part.type === 'field') fields.push([part.fieldname, part.value]);
  return Object.fromEntries(fields);
}

function headerText(text: string): string {
  return text.replace(/[^\x20-\x7e]/g, '?').slice(0, 1024);
}
