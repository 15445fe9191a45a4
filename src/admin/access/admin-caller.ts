// Who calls the admin side and what that caller may do. The organization is always the caller's, never one that a request names.

import type { ProvedAdmin } from '../../authorize/prove-admin.ts';
import type { AdminRight } from '../../documents/settings/settings-document.ts';

/** A caller whose credential was proved. */
export interface AdminCaller {
  readonly name: string;
  readonly organization: string;
  readonly rights: readonly AdminRight[];
  readonly roles: readonly string[];
  /** OAuth scopes, where the credential was an access token. */
  readonly scopes?: readonly string[];
}

/** A static credential; the token itself is never kept. */
export interface AdminCredential extends Omit<AdminCaller, 'scopes'> {
  /** SHA-256 of the token in lower-case hex. */
  readonly sha256: string;
}

/**
 * WSO2's OAuth scopes, and the rights here that each brings; what a route asks for beside the right is in `ROUTE_RIGHTS`. The one place
 * where scopes become rights.
 */
const SCOPE_RIGHTS: Readonly<Record<string, readonly AdminRight[]>> = {
  'apim:admin': ['read', 'write', 'keys', 'revoke'],
  'apim:admin_operations': ['read', 'write', 'keys', 'revoke'],
  'apim:keymanagers_manage': ['read', 'write'],
  'apim:api_view': ['read'],
  'apim:api_create': ['read', 'write'],
  'apim:api_publish': ['read', 'write'],
  'apim:api_manage': ['read', 'write'],
  'apim:api_delete': ['write'],
  'apim:api_import_export': ['read', 'write'],
  'apim:shared_scope_manage': ['read', 'write'],
  'apim:subscription_view': ['read'],
  'apim:subscription_block': ['read', 'write'],
  'apim:subscription_manage': ['read', 'write'],
  'apim:bl_view': ['read'],
  'apim:bl_manage': ['read', 'write'],
  'apim:tier_view': ['read'],
  'apim:tier_manage': ['read', 'write'],
  'apim:subscribe': ['keys'],
  'apim:app_manage': ['keys'],
  'apim:sub_manage': ['keys'],
};

/** The caller behind an access token. Scopes that are not in the table bring nothing. */
export function callerOfToken({ name, organization, scopes, roles }: ProvedAdmin): AdminCaller {
  const rights = new Set(
    scopes.flatMap((scope) => (Object.hasOwn(SCOPE_RIGHTS, scope) ? (SCOPE_RIGHTS[scope] ?? []) : [])),
  );
  return { name, organization, rights: [...rights], roles, scopes };
}
