// Keycloak and Red Hat build of Keycloak.

import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `KeyCloak`. */
export const KEYCLOAK: KeyManagerType = {
  type: 'KeyCloak',
  displayName: 'Keycloak',
  // `client_id` is in some tokens only and can be mapped from user attributes.
  consumerKeyClaims: ['azp'],
  scopesClaims: ['scope'],
  algorithms: [...SIGNATURE_ALGORITHMS.keys()],
  profile: 'standard',
  marks: [...IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK],
  connectorProperties: ['client_id', 'client_secret'],
  discovery: '{base}/realms/{realm}/.well-known/openid-configuration',
  notes:
    'The issuer follows the host name that the token was asked for at; list the others in additionalProperties.issuers.',
};
