// Curity Identity Server: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

const PURPOSE_MARK = { claim: 'purpose', accept: ['access_token'] };

/** Preset `curity`. */
export const CURITY: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'curity',
  displayName: 'Curity Identity Server',
  consumerKeyClaims: ['client_id', 'azp'],
  marks: [...IDENTITY_TOKEN_MARKS, PURPOSE_MARK],
  introspection: { ...RFC_7662, marks: [PURPOSE_MARK] },
  referencePattern: '_0XBPWQQ_[0-9a-f-]{36}',
  discovery: '{base}/oauth/v2/oauth-anonymous/.well-known/openid-configuration',
  notes: 'Opaque access tokens are the rule; add `client_id` to the claims of JWT access tokens where it is missing.',
  quirks: [
    {
      what: 'Opaque access tokens begin with `_0XBPWQQ_`, refresh tokens with `_1XBPWQQ_`.',
      why: 'Only the first are asked for.',
    },
    {
      what: 'The claim `purpose` tells access tokens from ID tokens.',
      why: 'Only `access_token` is accepted where it is there.',
    },
  ],
};
