// What tokens of any server look like, as far as that can be said without knowing the server: for `CustomKeyManager` and its presets.

import { IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

// Amazon Cognito and others write what the token is for into `token_use`, Keycloak into the payload's `typ`.
const USE_MARKS = [PAYLOAD_TYP_MARK, { claim: 'token_use', accept: ['access', 'access_token'] }];

/** WSO2 type `CustomKeyManager`, without a name. */
export const CUSTOM_TOKENS: Omit<KeyManagerType, 'displayName' | 'discovery' | 'notes'> = {
  ...STANDARD_TOKENS,
  type: 'CustomKeyManager',
  marks: [...IDENTITY_TOKEN_MARKS, ...USE_MARKS],
  introspection: { ...RFC_7662, consumerKeyMembers: ['client_id', 'azp'], marks: USE_MARKS },
};

/** What its presets start from: the claims that WSO2's connector fills in are not the preset's. */
export const PRESET_TOKENS: Omit<KeyManagerType, 'displayName' | 'discovery' | 'notes'> = {
  ...CUSTOM_TOKENS,
  wso2Claims: { consumerKeyClaim: 'azp', scopesClaim: 'scope' },
};
