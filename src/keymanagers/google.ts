// Google's ID tokens, of users and service accounts: a preset of `CustomKeyManager`.

import { IDENTITY_TOKENS } from './identity-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `google`. */
export const GOOGLE: KeyManagerType = {
  ...IDENTITY_TOKENS,
  preset: 'google',
  displayName: 'Google',
  consumerKeyClaims: ['azp'],
  algorithms: ['RS256'],
  impliedIssuers: { 'https://accounts.google.com': ['accounts.google.com'] },
  discovery: 'https://accounts.google.com/.well-known/openid-configuration',
  notes: 'Google’s access tokens are opaque and not for others; only ID tokens can be judged.',
  quirks: [
    {
      what: 'Some tokens have the issuer `accounts.google.com` without https://.',
      why: 'It counts with the issuer, exactly.',
    },
    {
      what: 'Opaque access tokens (`ya29.…`) have dots.',
      why: 'They are no JWTs and take the opaque road, where no key manager of this type claims them.',
    },
  ],
};
