// What the tokens of all WSO2 servers have in common.

import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** Claims, algorithms and marks of WSO2 API Manager, Identity Server and Asgardeo. */
export const WSO2_TOKENS: Omit<KeyManagerType, 'type' | 'displayName' | 'connection' | 'discovery' | 'notes'> = {
  ...STANDARD_TOKENS,
  consumerKeyClaims: ['azp'],
  algorithms: ['RS256', 'RS384', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512'],
  marks: [
    ...IDENTITY_TOKEN_MARKS,
    // API Manager signs its API keys and internal keys with the same key.
    { claim: 'token_type', refuse: ['refresh_token', 'Refresh', 'apiKey', 'InternalKey'] },
  ],
  // Users of other domains have `@` and `/` in their names, which these servers take as they are.
  introspection: {
    ...RFC_7662,
    credentials: { clientId: 'Username', clientSecret: 'Password', encoding: 'raw' },
    tokenTypeHint: null,
  },
  // Opaque access tokens are UUIDs; so are those of all other WSO2 servers, and an API asks the first of its list.
  referencePattern: '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}',
  quirks: [
    {
      what: 'Tokens that never expire have an `exp` beyond 2^53.',
      why: 'No program that reads JSON numbers as doubles can compare it; such tokens are refused. Set a lifetime at the server.',
    },
    {
      what: 'A failing JWKS endpoint answers an error text with status 200.',
      why: 'What is no JSON object with a list `keys` never replaces the keys that are held.',
    },
  ],
};
