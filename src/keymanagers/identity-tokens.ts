// What issuers have in common that have nothing but identity tokens: those are what a caller presents, for an audience of its own.

import { PRESET_TOKENS } from './custom-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Presets of `CustomKeyManager` with `tokenKind: identity`. `at_hash` betrays nothing here; events are still no identity. */
export const IDENTITY_TOKENS: Omit<KeyManagerType, 'displayName' | 'consumerKeyClaims' | 'discovery' | 'notes'> = {
  ...PRESET_TOKENS,
  tokenKind: 'identity',
  requiredClaims: ['aud', 'sub'],
  marks: [{ claim: 'events', refuse: 'present' }],
  introspection: null,
  quirks: [],
};
