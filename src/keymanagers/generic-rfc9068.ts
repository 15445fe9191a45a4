// Any server whose access tokens follow RFC 9068 to the letter: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `generic-rfc9068`. */
export const GENERIC_RFC9068: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'generic-rfc9068',
  displayName: 'RFC 9068',
  consumerKeyClaims: ['client_id'],
  profile: 'strict9068',
  introspection: RFC_7662,
  discovery: '{issuer}/.well-known/oauth-authorization-server',
  notes: 'The header must say `at+jwt`, which no ID token does.',
  quirks: [],
};
