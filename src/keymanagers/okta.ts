// Okta, custom authorization servers. Tokens of the org authorization server are opaque by contract.

import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `Okta`. */
export const OKTA: KeyManagerType = {
  type: 'Okta',
  displayName: 'Okta',
  consumerKeyClaims: ['cid'],
  scopesClaims: ['scp'],
  algorithms: ['RS256'],
  profile: 'standard',
  marks: IDENTITY_TOKEN_MARKS,
  connectorProperties: ['apiKey', 'client_id', 'client_secret'],
  discovery: 'https://{org}.okta.com/oauth2/{server}/.well-known/oauth-authorization-server',
  notes: 'Use the issuer of a custom authorization server (it has /oauth2/ in its path).',
};
