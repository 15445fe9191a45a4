// WSO2's error bodies for APIs, applications and what hangs on them: not there, there already, changed since.

import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { refusedWrite, type Wso2Error } from '../http/wso2-error.ts';

/** What an entity is called in a sentence. */
export type EntityName =
  | 'API'
  | 'Application'
  | 'Application key'
  | 'Subscription'
  | 'Throttling policy'
  | 'Scope'
  | 'Deny policy';

/** The entity is not there, or belongs to another organization or user. */
export function notFound(what: EntityName): Wso2Error {
  const description = `${what} not found among those that the caller may see`;
  return { status: 404, code: 404, message: 'Not Found', description };
}

/** The entity is not as the caller last saw it. */
export function stale(what: EntityName): Wso2Error {
  const description = `${what} was changed since it was read; read it again and repeat the change`;
  return { status: 412, code: 412, message: 'Precondition Failed', description };
}

/** What the catalog refused to write. */
export function refusedEntity(what: EntityName, refusal: WriteRefusal): Wso2Error {
  const { why, fields } = refusal;
  if (what === 'Application key' && (why === 'exists' || why === 'conflict')) return keyMapped(fields);
  switch (why) {
    case 'not_found':
      return notFound(what);
    case 'stale':
      return stale(what);
    case 'exists':
      return conflict(`${what} exists already`, fields);
    case 'in_use':
      return conflict(`${what} is in use`, fields);
    default:
      return refusedWrite(refusal);
  }
}

/** The state of things does not allow it. */
export function conflict(description: string, fields: readonly FieldProblem[] = []): Wso2Error {
  return { status: 409, code: 409, message: 'Conflict', description, fields };
}

/** WSO2 901409: the client, or the place for one, is taken. */
function keyMapped(fields: readonly FieldProblem[]): Wso2Error {
  return {
    status: 409,
    code: 901409,
    message: 'Key Mappings already exists',
    description: 'The consumer key is mapped already, or the application has a key of this key manager and key type',
    fields,
  };
}

/** WSO2 901403: no such key manager, or it is disabled. */
export const KEY_MANAGER_NOT_REGISTERED: Wso2Error = {
  status: 400,
  code: 901403,
  message: 'Key Manager not Registered',
  description: 'No enabled key manager of this name or id is there for the organization',
};

/** WSO2 901405: what the key manager does not do. */
export function keyManagerCannot(description: string): Wso2Error {
  return { status: 400, code: 901405, message: "Key Manager doesn't support the operation", description };
}

/** WSO2 902013: the user's roles, or the organization, may not use the key manager. */
export const KEY_MANAGER_RESTRICTED: Wso2Error = {
  status: 403,
  code: 902013,
  message: 'Unauthorized Access to Key Manager',
  description: 'Key Manager is Restricted for this user',
};

/** A right that the caller has not. */
export function forbidden(description: string): Wso2Error {
  return { status: 403, code: 403, message: 'Forbidden', description };
}
