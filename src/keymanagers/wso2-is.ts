// WSO2 Identity Server 5.x and 6.x.

import { registrationSetting, USER_SETTINGS } from './connection-settings.ts';
import { DEFAULT } from './default.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

/** WSO2 type `WSO2-IS`. */
export const WSO2_IS: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'WSO2-IS',
  displayName: 'WSO2 Identity Server',
  connection: [
    ...USER_SETTINGS,
    registrationSetting('km_admin_as_app_owner', 'Admin owns applications', 'Who owns clients made for portal users.', {
      type: 'checkbox',
    }),
    registrationSetting('enable_application_scopes', 'Application scopes', 'Whether clients are made with scopes.', {
      type: 'checkbox',
    }),
  ],
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  issuerDifferences: DEFAULT.issuerDifferences,
  notes: 'The issuer of a tenant is https://{host}:9443/t/{tenant}/oauth2/token.',
};
