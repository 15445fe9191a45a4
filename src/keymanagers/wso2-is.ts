// WSO2 Identity Server 5.x and 6.x.

import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `WSO2-IS`. */
export const WSO2_IS: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'WSO2-IS',
  displayName: 'WSO2 Identity Server',
  connectorProperties: ['Username', 'Password'],
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  notes: 'Tokens that never expire have an `exp` beyond 2^53 and are refused; set a lifetime at the server.',
};
