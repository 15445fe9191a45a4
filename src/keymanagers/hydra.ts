// Ory Hydra and Ory Network: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `hydra`. */
export const HYDRA: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'hydra',
  displayName: 'Ory Hydra',
  consumerKeyClaims: ['client_id'],
  scopesClaims: ['scp', 'scope'],
  marks: IDENTITY_TOKEN_MARKS,
  requiredClaims: ['client_id'],
  introspection: { ...RFC_7662, marks: [{ claim: 'token_use', accept: ['access_token'] }] },
  referencePattern: 'ory_at_[A-Za-z0-9_-]{20,200}\\.[A-Za-z0-9_-]{20,200}',
  discovery: '{issuer}/.well-known/openid-configuration',
  notes:
    'Introspection is on the admin port, often without authentication: additionalProperties.introspection.method `none`.',
  quirks: [
    {
      what: 'Opaque tokens have a dot in them and begin with `ory_at_`.',
      why: 'Two parts are no JWT, so they are introspected.',
    },
    {
      what: 'Scopes are the list `scp`; a setting adds the text `scope`.',
      why: 'The list counts where both are there.',
    },
  ],
};
