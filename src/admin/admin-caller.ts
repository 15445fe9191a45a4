// Who calls the admin side and what that caller may do. The organization is always the caller's, never one that a request names.

import type { ProvedAdmin } from '../authorize/prove-admin.ts';
import type { AdminRight } from '../documents/settings-document.ts';

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

/** WSO2's OAuth scopes of the admin API, and the rights here that each brings. The one place where scopes become rights. */
const SCOPE_RIGHTS: Readonly<Record<string, readonly AdminRight[]>> = {
  'apim:admin': ['read', 'write', 'keys', 'revoke'],
  'apim:admin_operations': ['read', 'write', 'keys', 'revoke'],
  'apim:keymanagers_manage': ['read', 'write'],
};

/** The caller behind an access token. Scopes that are not in the table bring nothing. */
export function callerOfToken({ name, organization, scopes }: ProvedAdmin): AdminCaller {
  const rights = new Set(
    scopes.flatMap((scope) => (Object.hasOwn(SCOPE_RIGHTS, scope) ? (SCOPE_RIGHTS[scope] ?? []) : [])),
  );
  return { name, organization, rights: [...rights], roles: [], scopes };
}
