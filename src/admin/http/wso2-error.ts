// WSO2 API Manager's error body and the error codes of its key manager API (ExceptionCodes).

import type { FastifyReply } from 'fastify';
import type { Problem } from '../../documents/reading/problem.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';

/** An answer that refuses; `error` names each field at fault. */
export interface Wso2Error {
  readonly status: number;
  readonly code: number;
  readonly message: string;
  readonly description: string;
  readonly fields?: readonly FieldProblem[];
}

/** WSO2's body for an error: there `code` is a number, unlike in the gateway's errors. */
export function errorBody({ code, message, description, fields = [] }: Wso2Error) {
  const error = fields.map(({ field, message: text }) => ({
    code: String(code),
    message: field === '' ? text : `${field}: ${text}`,
  }));
  return { code, message, description, moreInfo: '', error };
}

/** How soon to come again when too many writes wait. */
const BUSY_RETRY_SECONDS = 1;

/** Answers with the error. */
export function refuseWith(reply: FastifyReply, error: Wso2Error): FastifyReply {
  if (error.status === 503) reply.header('retry-after', BUSY_RETRY_SECONDS);
  return reply.code(error.status).send(errorBody(error));
}

/** Long answers under way; each keeps a read of the catalog open. */
export const TOO_MANY_READERS: Wso2Error = {
  status: 503,
  code: 503,
  message: 'Service Unavailable',
  description: 'Too many read the catalog at the same time; come again',
};

/** The key manager is not there, or belongs to another organization. */
export const KEY_MANAGER_NOT_FOUND: Wso2Error = {
  status: 404,
  code: 901411,
  message: 'Key Manager not Found',
  description: 'Key Manager not found in the organization of the caller',
};

/** WSO2's own refusal to rename, in its words. */
export const NAME_IMMUTABLE: Wso2Error = {
  status: 400,
  code: 400,
  message: 'Bad Request',
  description: "Key Manager name couldn't able to change",
  fields: [{ field: 'name', message: 'cannot be changed; create a key manager of the new name, then delete this one' }],
};

/** A body that is not what the route takes. A key manager without a name has a code of its own in WSO2. */
export function invalidBody(problems: readonly Problem[]): Wso2Error {
  const fields = problems.map(({ field, message, fix }) => ({ field, message: `${message}. Fix: ${fix}` }));
  const description = `The request body has ${problems.length} problem(s)`;
  return { ...codeOfBody(problems), status: 400, description, fields };
}

function codeOfBody(problems: readonly Problem[]) {
  const [only] = problems;
  return problems.length === 1 && only?.field === 'name' && /^is (?:missing|too short)$/.test(only.message)
    ? { code: 901404, message: 'Key Manager name cannot be empty' }
    : { code: 400, message: 'Bad Request' };
}

/** A body whose members do not fit what is there. */
export function invalidFields(fields: readonly FieldProblem[]): Wso2Error {
  const description = `The request body has ${fields.length} problem(s)`;
  return { status: 400, code: 400, message: 'Bad Request', description, fields };
}

/** An event that does not say what it revokes. */
export function invalidEvent(field: string): Wso2Error {
  const message = 'is missing, too long or not of a known kind; nothing was revoked';
  return { ...invalidFields([{ field, message }]), description: 'The event does not say what it revokes' };
}

/** The revocation is not there, was lifted, or belongs to another organization. */
export const REVOCATION_NOT_FOUND: Wso2Error = {
  status: 404,
  code: 404,
  message: 'Not Found',
  description: 'No revocation of this id is in force in the organization of the caller',
};

/** A query that asks for what cannot be. */
export function invalidQuery(fields: readonly FieldProblem[]): Wso2Error {
  return { status: 400, code: 400, message: 'Bad Request', description: 'The query has problems', fields };
}

/** A key manager that lacks what its type demands, or has what it cannot use; WSO2 keeps the names to its log, here they are told. */
export function invalidConfiguration(fields: readonly FieldProblem[]): Wso2Error {
  const all = (test: (field: string) => boolean) => fields.every(({ field }) => test(field));
  if (all((field) => field === 'type'))
    return {
      status: 400,
      code: 901400,
      message: 'Key Manager Type not configured',
      description: 'No key manager type of this name is known; GET /key-manager-types lists them',
      fields,
    };
  if (all((field) => field.startsWith('additionalProperties')))
    return {
      status: 400,
      code: 901410,
      message: 'Invalid additional properties',
      description: 'The additional properties lack what the type requires, or have what cannot be used',
      fields,
    };
  return {
    status: 400,
    code: 901401,
    message: 'Required Key Manager configuration missing',
    description: 'The key manager lacks what its type requires, or has what cannot be used',
    fields,
  };
}

/** The entity is not as the caller last saw it. */
export function staleWrite(fields: readonly FieldProblem[]): Wso2Error {
  return {
    status: 412,
    code: 412,
    message: 'Precondition Failed',
    description: 'The key manager was changed since it was read; read it again and repeat the change',
    fields,
  };
}

/** What the catalog refused to write. */
export function refusedWrite({ why, fields }: WriteRefusal): Wso2Error {
  switch (why) {
    case 'exists':
      return {
        status: 409,
        code: 901402,
        message: 'Key Manager Already Exists',
        description: 'A key manager of this name exists in the organization',
        fields,
      };
    case 'not_found':
      return KEY_MANAGER_NOT_FOUND;
    case 'in_use':
      return {
        status: 412,
        code: 902015,
        message: 'Key Manager Delete error',
        description: 'APIs list the key manager, or applications have keys of it; ?force=true removes those too',
        fields,
      };
    case 'stale':
      return staleWrite(fields);
    case 'immutable':
      return { status: 400, code: 400, message: 'Bad Request', description: 'The field cannot be changed', fields };
    case 'unresolved':
      return { status: 400, code: 400, message: 'Bad Request', description: 'A name does not exist', fields };
    case 'busy':
      return {
        status: 503,
        code: 503,
        message: 'Service Unavailable',
        description: 'Too many writes wait. Try again.',
      };
    case 'issuer_shared':
    case 'conflict':
      return {
        status: 409,
        code: 409,
        message: 'Conflict',
        description:
          why === 'issuer_shared'
            ? 'Another enabled key manager could claim the same tokens'
            : 'The write contradicts what is there',
        fields,
      };
  }
}
