// Keycloak and Red Hat build of Keycloak.

import { CLIENT_SETTINGS } from './connection-settings.ts';
import { IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK } from './identity-token-marks.ts';
import { RFC_7662_WITH_CLIENT } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `KeyCloak`. */
export const KEYCLOAK: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'KeyCloak',
  displayName: 'Keycloak',
  // `client_id` is in some tokens only and can be mapped from user attributes.
  consumerKeyClaims: ['azp'],
  marks: [...IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK],
  connection: CLIENT_SETTINGS,
  introspection: { ...RFC_7662_WITH_CLIENT, consumerKeyMembers: ['azp', 'client_id'], marks: [PAYLOAD_TYP_MARK] },
  discovery: '{base}/realms/{realm}/.well-known/openid-configuration',
  notes:
    'The issuer follows the host name that the token was asked for at; list the others in additionalProperties.issuers.',
  quirks: [
    {
      what: 'The payload has a claim `typ`: `Bearer` in access tokens, `ID`, `Refresh`, `Offline`, `Logout` in others.',
      why: 'One realm signs them all with one key, and the header says `JWT` for each.',
    },
    {
      what: 'The key set has keys for encryption (`use: enc`) beside those for signatures.',
      why: 'Keys with a use other than `sig` never verify.',
    },
    {
      what: 'Introspection answers `active: false` for good tokens that do not name the asking client in `aud`.',
      why: 'Give the client of this key manager an audience mapper.',
    },
  ],
};
