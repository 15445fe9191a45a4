// PingFederate, with JWT or reference access tokens.

import { CLIENT_SETTINGS, registrationSetting } from './connection-settings.ts';
import { RFC_7662_WITH_CLIENT } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `PingFederate`. */
export const PING_FEDERATE: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'PingFederate',
  displayName: 'PingFederate',
  consumerKeyClaims: ['client_id'],
  wso2Claims: { consumerKeyClaim: 'client_id_name', scopesClaim: null },
  connection: [
    registrationSetting('username', 'Username', 'Of the administrative web service.'),
    registrationSetting('password', 'Password', 'Of that user.', { mask: true }),
    ...CLIENT_SETTINGS,
  ],
  introspection: RFC_7662_WITH_CLIENT,
  discovery: '{base}/.well-known/openid-configuration',
  notes:
    'Fill in the issuer claim value and include the key id header in the Access Token Manager. Its keys are at {base}/pf/JWKS (centralized signing key) or {base}/ext/{path}; list both in additionalProperties.jwks.urls where needed.',
  quirks: [
    {
      what: 'Unless the Access Token Manager says otherwise, tokens have no `iss` and no `kid`.',
      why: 'Leave `issuer` empty and give a JWT token handling rule; without `kid` all fitting keys are tried, 16 at most.',
    },
    {
      what: 'The metadata’s `jwks_uri` may lack the keys of access tokens.',
      why: 'An Access Token Manager can have a key set of its own; several URLs can be given.',
    },
    {
      what: 'WSO2’s connector fills in `client_id_name`, which its tokens do not have.',
      why: 'That value counts as not given; the claim is `client_id`.',
    },
  ],
};
