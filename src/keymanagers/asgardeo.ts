// Asgardeo, WSO2's identity service in the cloud.

import { introspectionSetting, registrationSetting } from './connection-settings.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `Asgardeo`. */
export const ASGARDEO: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'Asgardeo',
  displayName: 'Asgardeo',
  algorithms: ['RS256'],
  connection: [
    registrationSetting('org_name', 'Organization', 'The organization’s name in Asgardeo.'),
    introspectionSetting('mgmt_client_id', 'Client ID', 'The management application.'),
    introspectionSetting('mgmt_client_secret', 'Client secret', 'Its secret.', { mask: true }),
  ],
  introspection: {
    ...RFC_7662,
    credentials: { clientId: 'mgmt_client_id', clientSecret: 'mgmt_client_secret', encoding: 'raw' },
    tokenTypeHint: null,
  },
  discovery: 'https://api.asgardeo.io/t/{organization}/oauth2/token/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/t/<organization>/oauth2/.well-known/openid-configuration',
      issuer: 'https://<host>/t/<organization>/oauth2/token',
      why: 'The same document is published below a second path.',
    },
  ],
  notes: 'Take issuer and JWKS URL from the discovery document; neither can be derived from the other.',
};
