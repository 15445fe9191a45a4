// A key manager as WSO2's admin API gives it back: every field of the DTO, and the short form of lists.

import { GLOBAL_ORGANIZATION } from '../../domain/api.ts';
import { withBothEndpointForms } from '../../domain/endpoint-forms.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../domain/key-manager-dto.ts';

/** Fields that WSO2 gives as null where nothing is set. */
const NULL_WHEN_UNSET = [
  'displayName',
  'description',
  'wellKnownEndpoint',
  'introspectionEndpoint',
  'clientRegistrationEndpoint',
  'tokenEndpoint',
  'displayTokenEndpoint',
  'revokeEndpoint',
  'displayRevokeEndpoint',
  'userInfoEndpoint',
  'authorizeEndpoint',
  'certificates',
  'issuer',
  'alias',
  'scopeManagementEndpoint',
  'enableTokenGeneration',
  'consumerKeyClaim',
  'scopesClaim',
  'additionalProperties',
] as const satisfies readonly (keyof KeyManagerDto)[];

const UNSET = Object.fromEntries(NULL_WHEN_UNSET.map((field) => [field, null]));

/** The whole DTO. Its secrets are masked in the catalog already. */
export function keyManagerBody({ id, organization, dto }: StoredKeyManager) {
  const set = Object.entries(withAllowedOrganizations(withBothEndpointForms(dto), organization)).filter(
    ([, value]) => value !== undefined,
  );
  return { id, ...UNSET, ...Object.fromEntries(set), global: organization === GLOBAL_ORGANIZATION };
}

/** WSO2 KeyManagerInfo. */
export function keyManagerInfo({ id, organization, dto }: StoredKeyManager, isUsed: boolean) {
  const { name, type, description = null, enabled = true, tokenType = 'DIRECT' } = dto;
  return { id, name, type, description, enabled, isGlobal: organization === GLOBAL_ORGANIZATION, isUsed, tokenType };
}

/** WSO2 writes `NONE` for a key manager that is for its own organization alone. */
function withAllowedOrganizations(dto: KeyManagerDto, organization: string): KeyManagerDto {
  const { allowedOrganizations: allowed = [] } = dto;
  return allowed.length === 1 && allowed[0] === organization ? { ...dto, allowedOrganizations: ['NONE'] } : dto;
}
