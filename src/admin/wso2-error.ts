// WSO2 API Manager's error body and the error codes of its key manager API (ExceptionCodes).

import type { Problem } from '../documents/problem.ts';
import type { WriteRefusal } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';

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

/** The key manager is not there, or belongs to another organization. */
export const KEY_MANAGER_NOT_FOUND: Wso2Error = {
  status: 404,
  code: 901411,
  message: 'Key Manager not Found',
  description: 'Key Manager not found in the organization of the caller',
};

/** A body that is not a key manager. */
export function invalidBody(problems: readonly Problem[]): Wso2Error {
  const fields = problems.map(({ field, message, fix }) => ({ field, message: `${message}. Fix: ${fix}` }));
  const description = `The request body has ${problems.length} problem(s)`;
  return { status: 400, code: 400, message: 'Bad Request', description, fields };
}

/** A key manager that lacks what its type demands; WSO2 keeps the names to its log, here they are told. */
export function invalidConfiguration(fields: readonly FieldProblem[]): Wso2Error {
  return {
    status: 400,
    code: 901401,
    message: 'Required Key Manager configuration missing',
    description: 'The key manager lacks what its type requires, or has what cannot be used',
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
      return {
        status: 412,
        code: 412,
        message: 'Precondition Failed',
        description: 'The key manager was changed since it was read; read it again and repeat the change',
        fields,
      };
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
