// ForgeRock Access Management and PingAM, with opaque or client-based (JWT) access tokens.

import { CLIENT_SETTINGS } from './connection-settings.ts';
import { IDENTITY_TOKEN_MARKS } from './identity-token-marks.ts';
import { RFC_7662_WITH_CLIENT } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

const TOKEN_NAME_MARK = { claim: 'tokenName', accept: ['access_token'] };

/** WSO2 type `Forgerock`. */
export const FORGEROCK: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'Forgerock',
  displayName: 'ForgeRock',
  // Older tokens name the client in a single-valued `aud` only.
  consumerKeyClaims: ['client_id', 'aud'],
  scopesClaims: ['scope', 'scp'],
  wso2Claims: { consumerKeyClaim: 'aud', scopesClaim: 'scp' },
  marks: [...IDENTITY_TOKEN_MARKS, TOKEN_NAME_MARK],
  connection: CLIENT_SETTINGS,
  introspection: { ...RFC_7662_WITH_CLIENT, marks: [TOKEN_NAME_MARK] },
  referencePattern: '[A-Za-z0-9_-]{27}',
  discovery: '{am}/oauth2/realms/root/realms/{realm}/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/<am>/oauth2/.well-known/openid-configuration',
      issuer: 'https://<host>:443/<am>/oauth2',
      why: 'The server writes the default port into its issuer.',
    },
    {
      url: 'https://<host>/<am>/oauth2/realms/root/realms/<realm>/.well-known/openid-configuration',
      issuer: 'https://<host>:443/<am>/oauth2/realms/root/realms/<realm>',
      why: 'The server writes the default port into its issuer.',
    },
    {
      url: 'https://<host>/<am>/oauth2/realms/root/realms/<realm>/.well-known/openid-configuration',
      issuer: 'https://<host>:443/<am>/oauth2/<realm>',
      why: 'The server writes the default port and the short form of the realm into its issuer.',
    },
    {
      url: 'https://<host>/<am>/oauth2/realms/root/realms/<realm>/.well-known/openid-configuration',
      issuer: 'https://<host>/<am>/oauth2/<realm>',
      why: 'The server writes the short form of the realm into its issuer.',
    },
  ],
  notes:
    'Issuers often carry the port (`:443`); copy the token’s `iss` exactly. Switch signing from HS256 to RS256 or ES256.',
  quirks: [
    {
      what: 'Older tokens have no `client_id`; their `aud` is the client.',
      why: 'A single `aud` counts in default of `client_id`; one with several values is refused.',
    },
    {
      what: 'Refresh and ID tokens are told by `tokenName`.',
      why: 'Only `access_token` is accepted where the claim is there.',
    },
    {
      what: 'Scopes are a list in `scope`.',
      why: 'WSO2’s connector fills in `scp` and `aud`; those two values count as not given.',
    },
    {
      what: 'The header of plain JWTs says `zip: NONE`.',
      why: 'That value, and no other, is harmless.',
    },
    {
      what: 'Issuers carry the default port `:443`.',
      why: 'Issuers are compared character by character, and the metadata may name the one with the port.',
    },
  ],
};
