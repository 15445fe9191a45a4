// What most types have in common: JWT access tokens of a server that follows OAuth 2.0 and OpenID Connect, and nothing special.

import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** The members that a type's file need not repeat. */
export const STANDARD_TOKENS: Omit<KeyManagerType, 'type' | 'displayName' | 'discovery' | 'notes'> = {
  preset: null,
  tokenKind: 'access',
  connection: [],
  consumerKeyClaims: ['azp', 'client_id'],
  scopesClaims: ['scope'],
  scopesFromNames: false,
  wso2Claims: { consumerKeyClaim: null, scopesClaim: null },
  audienceClaim: 'aud',
  algorithms: [...SIGNATURE_ALGORITHMS.keys()],
  profile: 'standard',
  acceptedTyp: null,
  requiredClaims: [],
  marks: IDENTITY_TOKEN_MARKS,
  unverifiableHeaders: [],
  impliedIssuers: {},
  issuerForm: null,
  tenancy: null,
  introspection: null,
  referencePattern: null,
  issuerDifferences: [],
  quirks: [],
};
