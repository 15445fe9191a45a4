// Azure AD B2C: a preset of `CustomKeyManager`.

import { PRESET_TOKENS } from './custom-tokens.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `azure-b2c`. */
export const AZURE_B2C: KeyManagerType = {
  ...PRESET_TOKENS,
  preset: 'azure-b2c',
  displayName: 'Azure AD B2C',
  consumerKeyClaims: ['azp'],
  scopesClaims: ['scp', 'roles'],
  algorithms: ['RS256'],
  requiredClaims: ['azp'],
  marks: IDENTITY_TOKEN_MARKS,
  introspection: null,
  discovery: 'https://{tenant}.b2clogin.com/{tenant}.onmicrosoft.com/{policy}/v2.0/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/<tenant>/<policy>/v2.0/.well-known/openid-configuration',
      issuer: 'https://<host>/<id>/v2.0/',
      why: 'The issuer has the tenant’s id and no policy, unless the policy says otherwise.',
    },
  ],
  notes: 'Each user flow or custom policy has metadata of its own; take issuer and JWKS URL from there.',
  quirks: [
    {
      what: 'The issuer names the tenant’s id and not the policy of the discovery URL.',
      why: 'This difference, on the same host, is accepted when metadata are imported.',
    },
    {
      what: '`nonce` occurs in access tokens.',
      why: 'It is no mark of an ID token. Those have no `azp`, which is required.',
    },
  ],
};
