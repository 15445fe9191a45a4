// Auth0, both access token profiles.

import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `Auth0`. */
export const AUTH0: KeyManagerType = {
  type: 'Auth0',
  displayName: 'Auth0',
  // `azp` in the profile of Auth0, `client_id` in that of RFC 9068.
  consumerKeyClaims: ['azp', 'client_id'],
  scopesClaims: ['scope'],
  algorithms: ['RS256', 'RS512', 'PS256'],
  profile: 'standard',
  marks: IDENTITY_TOKEN_MARKS,
  // `audience` is that of Auth0's Management API, not of the tokens.
  connectorProperties: ['client_id', 'client_secret', 'audience'],
  discovery: 'https://{tenant}.{region}.auth0.com/.well-known/openid-configuration',
  notes:
    'The issuer ends with a slash. Tokens asked for without an audience are opaque or encrypted and cannot be judged.',
};
