// The resident key manager of WSO2 API Manager.

import { USER_SETTINGS } from './connection-settings.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `default`. */
export const DEFAULT: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'default',
  displayName: 'Resident Key Manager',
  connection: USER_SETTINGS,
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/oauth2/oidcdiscovery/.well-known/openid-configuration',
      issuer: 'https://<host>/oauth2/token',
      why: 'The same document is published below a second path.',
    },
  ],
  notes: 'Applications that ask for no JWT get opaque tokens (UUIDs), which need introspection.',
};
