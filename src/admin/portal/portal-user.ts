// The user behind a call of the developer portal: who the access token is of, or whom an admin names. The organization is always the
// caller's.

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Application } from '../../domain/subscriber.ts';
import type { AdminCaller } from '../access/admin-caller.ts';
import { forbidden } from '../entities/entity-errors.ts';
import { refuseWith } from '../http/wso2-error.ts';

/** An admin says with these for whom it calls; the roles are separated by commas. */
const USER_HEADER = 'x-gatehouse-on-behalf-of';
const ROLES_HEADER = 'x-gatehouse-on-behalf-of-roles';

const MAX_USER_CHARACTERS = 256;
const MAX_ROLES = 64;

const ADMIN_SCOPES = ['apim:admin', 'apim:admin_operations'];

/** A user of the portal. Groups are roles: WSO2's user store tells them apart, nothing here does. */
export interface PortalUser {
  readonly name: string;
  readonly organization: string;
  readonly roles: readonly string[];
  /** An admin who calls for itself: sees and changes the applications of all users of the organization. */
  readonly isAdmin: boolean;
}

/** The user; undefined where the answer is given already. */
export function portalUser(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  caller: AdminCaller,
): PortalUser | undefined {
  const { name, organization, roles, scopes } = caller;
  const isAdmin = scopes === undefined || ADMIN_SCOPES.some((scope) => scopes.includes(scope));
  const named = [headers[USER_HEADER]].flat()[0]?.trim();
  if (named === undefined) return { name, organization, roles, isAdmin };
  if (!isAdmin) refuseWith(reply, forbidden('Only an admin may call on behalf of a user'));
  else if (named === '' || named.length > MAX_USER_CHARACTERS)
    refuseWith(reply, forbidden(`${USER_HEADER} names no user`));
  else return { name: named, organization, roles: rolesOf([headers[ROLES_HEADER]].flat()[0]), isAdmin: false };
  return undefined;
}

/** True where the user may see and change the application. */
export function mayManage(user: PortalUser, { owner, groups }: Pick<Application, 'owner' | 'groups'>): boolean {
  return user.isAdmin || owner === user.name || groups.some((group) => user.roles.includes(group));
}

function rolesOf(header: string | undefined): readonly string[] {
  return (header ?? '')
    .split(',')
    .flatMap((role) => role.trim() || [])
    .slice(0, MAX_ROLES);
}
