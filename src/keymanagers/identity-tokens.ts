// What issuers have in common that have nothing but identity tokens: those are what a caller presents, for an audience of its own.

import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** Presets of `CustomKeyManager` with `tokenKind: identity`. `at_hash` betrays nothing here; events are still no identity. */
export const IDENTITY_TOKENS: Omit<KeyManagerType, 'displayName' | 'consumerKeyClaims' | 'discovery' | 'notes'> = {
  ...STANDARD_TOKENS,
  type: 'CustomKeyManager',
  tokenKind: 'identity',
  requiredClaims: ['aud', 'sub'],
  marks: [{ claim: 'events', refuse: 'present' }],
  introspection: null,
  quirks: [],
};
