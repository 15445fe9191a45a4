// What the tokens of all WSO2 servers have in common.

import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Claims, algorithms and marks of WSO2 API Manager, Identity Server and Asgardeo. */
export const WSO2_TOKENS: Pick<
  KeyManagerType,
  'consumerKeyClaims' | 'scopesClaims' | 'algorithms' | 'profile' | 'marks'
> = {
  consumerKeyClaims: ['azp'],
  scopesClaims: ['scope'],
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512'],
  profile: 'standard',
  marks: [
    ...IDENTITY_TOKEN_MARKS,
    // API Manager signs its API keys and internal keys with the same key.
    { claim: 'token_type', refuse: ['refresh_token', 'Refresh', 'apiKey', 'InternalKey'] },
  ],
};
