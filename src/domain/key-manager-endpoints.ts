// The endpoints of a key manager's servers in both forms that WSO2's DTO has: deprecated fields, and `endpoints[]`. One table of
// their names. Says nothing about what an endpoint must look like.

import type { FieldProblem } from './field-problem.ts';
import type { KeyManagerDto } from './key-manager-dto.ts';

/** Deprecated field of the DTO: name in `endpoints[]` (WSO2 APIConstants.KeyManager). */
export const ENDPOINT_NAMES = {
  introspectionEndpoint: 'introspection_endpoint',
  clientRegistrationEndpoint: 'client_registration_endpoint',
  tokenEndpoint: 'token_endpoint',
  displayTokenEndpoint: 'display_token_endpoint',
  revokeEndpoint: 'revoke_endpoint',
  displayRevokeEndpoint: 'display_revoke_endpoint',
  userInfoEndpoint: 'userinfo_endpoint',
  authorizeEndpoint: 'authorize_endpoint',
  scopeManagementEndpoint: 'scope_endpoint',
} as const satisfies Partial<Record<keyof KeyManagerDto, string>>;

/** An endpoint by the name of its deprecated field. */
export type EndpointField = keyof typeof ENDPOINT_NAMES;

/** The endpoint's URL from whichever form has it. Empty text, and the word `none` that WSO2's documents put there, mean absent. */
export function endpointOf(dto: KeyManagerDto, field: EndpointField): string | undefined {
  return said(dto[field]) ?? listed(dto, field).find((value) => value !== undefined);
}

/** Where the two forms, or two entries of the list, say different things of one endpoint. */
export function endpointConflicts(dto: KeyManagerDto): readonly FieldProblem[] {
  return (Object.keys(ENDPOINT_NAMES) as EndpointField[]).flatMap((field) => {
    const values = new Set([said(dto[field]), ...listed(dto, field)].filter((value) => value !== undefined));
    if (values.size < 2) return [];
    const message = `differs from what endpoints[] says of ${ENDPOINT_NAMES[field]}; give it once, or the same in both`;
    return [{ field, message }];
  });
}

function listed(dto: KeyManagerDto, field: EndpointField): readonly (string | undefined)[] {
  return (dto.endpoints ?? []).filter(({ name }) => name === ENDPOINT_NAMES[field]).map(({ value }) => said(value));
}

function said(value: string | undefined): string | undefined {
  const text = value?.trim() ?? '';
  return text === '' || text.toLowerCase() === 'none' ? undefined : text;
}
