// Any server that issues JWT access tokens; clients are registered there by hand (out-of-band provisioning).

import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `CustomKeyManager`. */
export const CUSTOM_KEY_MANAGER: KeyManagerType = {
  type: 'CustomKeyManager',
  displayName: 'Custom Key Manager (Out-of-Band Provisioning)',
  // WSO2's default, and the name of RFC 9068.
  consumerKeyClaims: ['azp', 'client_id'],
  scopesClaims: ['scope'],
  algorithms: [...SIGNATURE_ALGORITHMS.keys()],
  profile: 'standard',
  // Amazon Cognito and others write what the token is for into `token_use`, Keycloak into the payload's `typ`.
  marks: [...IDENTITY_TOKEN_MARKS, PAYLOAD_TYP_MARK, { claim: 'token_use', accept: ['access', 'access_token'] }],
  connectorProperties: [],
  discovery: '{issuer}/.well-known/openid-configuration',
  notes: 'Set consumerKeyClaim where the server names the client otherwise, for instance `appid` or `cid`.',
};
