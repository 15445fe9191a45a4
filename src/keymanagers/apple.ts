// Sign in with Apple: a preset of `CustomKeyManager`.

import { IDENTITY_TOKENS } from './identity-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `apple`. */
export const APPLE: KeyManagerType = {
  ...IDENTITY_TOKENS,
  preset: 'apple',
  displayName: 'Sign in with Apple',
  // Its only name for the client: the app's bundle id or services id.
  consumerKeyClaims: ['aud'],
  algorithms: ['RS256'],
  discovery: 'https://appleid.apple.com/.well-known/openid-configuration',
  notes: 'The audience is the bundle id or services id of the app, which is the consumer key too.',
  quirks: [
    {
      what: 'The client is named in `aud` only.',
      why: 'One with several values is refused.',
    },
    {
      what: 'Notifications to servers are JWTs of the same key, with `events`.',
      why: 'That claim is a mark.',
    },
  ],
};
