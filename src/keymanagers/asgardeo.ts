// Asgardeo, WSO2's identity service in the cloud.

import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `Asgardeo`. */
export const ASGARDEO: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'Asgardeo',
  displayName: 'Asgardeo',
  algorithms: ['RS256'],
  connectorProperties: ['org_name', 'mgmt_client_id', 'mgmt_client_secret'],
  discovery: 'https://api.asgardeo.io/t/{organization}/oauth2/token/.well-known/openid-configuration',
  notes: 'Take issuer and JWKS URL from the discovery document; neither can be derived from the other.',
};
