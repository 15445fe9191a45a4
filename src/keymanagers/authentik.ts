// authentik: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `authentik`. */
export const AUTHENTIK: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'authentik',
  displayName: 'authentik',
  consumerKeyClaims: ['azp'],
  algorithms: ['RS256', 'ES256'],
  requiredClaims: ['azp', 'scope'],
  marks: IDENTITY_TOKEN_MARKS,
  introspection: RFC_7662,
  discovery: 'https://{host}/application/o/{application}/.well-known/openid-configuration',
  notes:
    'Each application has an issuer of its own, which ends with a slash. Give the provider a signing key, or it signs with HS256.',
  quirks: [
    {
      what: 'ID and access tokens have the same form, but only access tokens have `scope`.',
      why: 'That claim is required.',
    },
  ],
};
