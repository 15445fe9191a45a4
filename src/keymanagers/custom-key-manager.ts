// Any server that issues access tokens; clients are registered there by hand (out-of-band provisioning).

import { CUSTOM_TOKENS } from './custom-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `CustomKeyManager`. */
export const CUSTOM_KEY_MANAGER: KeyManagerType = {
  ...CUSTOM_TOKENS,
  displayName: 'Custom Key Manager (Out-of-Band Provisioning)',
  discovery: '{issuer}/.well-known/openid-configuration',
  notes:
    'Set additionalProperties.preset where there is one for the server, or consumerKeyClaim where it names the client otherwise, for instance `appid` or `cid`.',
  quirks: [
    {
      what: 'WSO2’s type takes JWTs only.',
      why: 'Here additionalProperties.introspection gives the credentials that its connector has no settings for.',
    },
  ],
};
