// ZITADEL: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';

const ROLES = 'urn:zitadel:iam:org:project:roles';

/** Preset `zitadel`. */
export const ZITADEL: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'zitadel',
  displayName: 'ZITADEL',
  consumerKeyClaims: ['client_id'],
  scopesClaims: ['scope', ROLES],
  scopesFromNames: true,
  requiredClaims: ['client_id'],
  marks: IDENTITY_TOKEN_MARKS,
  introspection: { ...RFC_7662, scopesMembers: ['scope', ROLES] },
  discovery: 'https://{instance}/.well-known/openid-configuration',
  notes: 'Ask for the scope urn:zitadel:iam:org:project:id:{project}:aud, or tokens do not name the API’s project.',
  quirks: [
    {
      what: 'Roles are an object, by name of the role.',
      why: 'The names of its members are the scopes, where there is no `scope`.',
    },
    {
      what: 'Introspection wants a signed assertion (`private_key_jwt`) or the credentials of an API application.',
      why: 'Both can be given in additionalProperties.introspection.',
    },
  ],
};
