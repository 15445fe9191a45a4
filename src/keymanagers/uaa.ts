// Cloud Foundry UAA and SAP XSUAA: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `uaa`. */
export const UAA: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'uaa',
  displayName: 'Cloud Foundry UAA, SAP XSUAA',
  consumerKeyClaims: ['client_id', 'cid', 'azp'],
  algorithms: ['RS256'],
  requiredClaims: ['scope', 'client_id'],
  marks: [...IDENTITY_TOKEN_MARKS, { claim: 'granted_scopes', refuse: 'present' }],
  introspection: { ...RFC_7662, consumerKeyMembers: ['client_id', 'cid', 'azp'], tokenTypeHint: null },
  discovery: 'https://{uaa}/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/.well-known/openid-configuration',
      issuer: 'https://<host>/oauth/token',
      why: 'The issuer is the token endpoint.',
    },
  ],
  notes: 'Each identity zone has a host, and so an issuer, of its own; list them in additionalProperties.issuers.',
  quirks: [
    {
      what: 'The issuer is the token endpoint, not what the discovery URL begins with.',
      why: 'This difference, on the same host, is accepted when metadata are imported.',
    },
    {
      what: 'Refresh tokens are JWTs of the same key; they have `granted_scopes`.',
      why: 'That claim is a mark.',
    },
    {
      what: 'The header names a key set (`jku`).',
      why: 'It is never followed; keys come from the configured URL only.',
    },
  ],
};
