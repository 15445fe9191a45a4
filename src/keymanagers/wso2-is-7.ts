// WSO2 Identity Server 7.x.

import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `WSO2-IS-7`. */
export const WSO2_IS_7: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'WSO2-IS-7',
  displayName: 'WSO2 Identity Server 7',
  connectorProperties: ['Authentication', 'Username', 'Password', 'IdentityUser', 'MutualTLSOptions'],
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  notes: 'The issuer of a tenant is https://{host}:9443/t/{tenant}/oauth2/token.',
};
