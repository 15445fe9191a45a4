// Who may use a key manager in the developer portal (WSO2 permissions and allowed organizations). Permissions are never
// asked at the gateway: keys that exist keep working.

import { isAllowedTo } from '../../domain/allowed-organizations.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { PortalUser } from './portal-user.ts';

/** ALLOW asks for one of the roles, DENY for none of them; both within the organizations that it is for. */
export function mayUseKeyManager({ dto, organization }: StoredKeyManager, user: PortalUser): boolean {
  const { permissions, allowedOrganizations = [] } = dto;
  if (!isAllowedTo(user.organization, allowedOrganizations, organization)) return false;
  const { permissionType = 'PUBLIC', roles = [] } = permissions ?? {};
  if (permissionType === 'PUBLIC') return true;
  const has = roles.some((role) => user.roles.includes(role));
  return permissionType === 'ALLOW' ? has : !has;
}
