// JWT-SVIDs of a SPIFFE trust domain: a preset of `CustomKeyManager`.

import { IDENTITY_TOKENS } from './identity-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `spiffe`. */
export const SPIFFE: KeyManagerType = {
  ...IDENTITY_TOKENS,
  preset: 'spiffe',
  displayName: 'SPIFFE JWT-SVID',
  consumerKeyClaims: ['sub'],
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512'],
  // JWT-SVID §2.3: absent, JWT or JOSE.
  acceptedTyp: ['', 'jwt', 'jose'],
  discovery: 'https://{discovery-provider}/.well-known/openid-configuration',
  notes:
    'The consumer key is the SPIFFE ID. `iss` is there where the SPIRE server has a jwt_issuer; without it, give a JWT token handling rule for `sub`.',
  quirks: [
    {
      what: 'Keys of a SPIFFE bundle have the use `jwt-svid`.',
      why: 'It counts as `sig`.',
    },
    {
      what: 'The header `typ` may be `JOSE`.',
      why: 'It is accepted beside `JWT` and none.',
    },
  ],
};
