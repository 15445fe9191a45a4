// Amazon Cognito user pools: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `cognito`. */
export const COGNITO: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'cognito',
  displayName: 'Amazon Cognito',
  consumerKeyClaims: ['client_id'],
  // Its access tokens name no audience, but the client that got them.
  audienceClaim: 'client_id',
  algorithms: ['RS256'],
  requiredClaims: ['token_use', 'client_id'],
  marks: [...IDENTITY_TOKEN_MARKS, { claim: 'token_use', accept: ['access'] }],
  introspection: null,
  discovery: 'https://cognito-idp.{region}.amazonaws.com/{pool}/.well-known/openid-configuration',
  notes: 'Expected audiences are client ids. Token and revocation endpoints are on the host of the user pool’s domain.',
  quirks: [
    {
      what: 'ID and access tokens differ in `token_use`; the header has no `typ`.',
      why: 'A token without `token_use: access` is refused.',
    },
    {
      what: 'Access tokens have no `aud`.',
      why: '`client_id` is held against the expected audiences.',
    },
    {
      what: 'Key ids are base64 with `/`, `+` and `=`.',
      why: 'They are compared as they are and never become part of a URL.',
    },
  ],
};
