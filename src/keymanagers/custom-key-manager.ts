// Any server that issues access tokens; clients are registered there by hand (out-of-band provisioning).

import { IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `CustomKeyManager`. */
export const CUSTOM_KEY_MANAGER: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'CustomKeyManager',
  displayName: 'Custom Key Manager (Out-of-Band Provisioning)',
  // Amazon Cognito and others write what the token is for into `token_use`, Keycloak into the payload's `typ`.
  marks: [...IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK, { claim: 'token_use', accept: ['access', 'access_token'] }],
  introspection: {
    ...RFC_7662,
    consumerKeyMembers: ['client_id', 'azp'],
    marks: [PAYLOAD_TYP_MARK, { claim: 'token_use', accept: ['access', 'access_token'] }],
  },
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
