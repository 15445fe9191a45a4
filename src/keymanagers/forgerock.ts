// ForgeRock Access Management and PingAM, with client-based (JWT) access tokens.

import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** WSO2 type `Forgerock`. */
export const FORGEROCK: KeyManagerType = {
  type: 'Forgerock',
  displayName: 'ForgeRock',
  // Older tokens name the client in a single-valued `aud` only.
  consumerKeyClaims: ['client_id', 'aud'],
  scopesClaims: ['scope', 'scp'],
  algorithms: [...SIGNATURE_ALGORITHMS.keys()],
  profile: 'standard',
  marks: [...IDENTITY_TOKEN_MARKS, { claim: 'tokenName', accept: ['access_token'] }],
  connectorProperties: ['client_id', 'client_secret'],
  discovery: '{am}/oauth2/realms/root/realms/{realm}/.well-known/openid-configuration',
  notes:
    'Issuers often carry the port (`:443`); copy the token’s `iss` exactly. Switch signing from HS256 to RS256 or ES256.',
};
