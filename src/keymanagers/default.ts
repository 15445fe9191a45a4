// The resident key manager of WSO2 API Manager.

import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `default`. */
export const DEFAULT: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'default',
  displayName: 'Resident Key Manager',
  connectorProperties: [],
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  notes: 'Applications must ask for JWT access tokens; opaque ones need introspection.',
};
