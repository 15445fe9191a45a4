// Okta, custom authorization servers. Tokens of the org authorization server are opaque by contract.

import { CLIENT_SETTINGS, registrationSetting } from './connection-settings.ts';
import { RFC_7662_WITH_CLIENT } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `Okta`. */
export const OKTA: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'Okta',
  displayName: 'Okta',
  consumerKeyClaims: ['cid'],
  scopesClaims: ['scp'],
  // ID tokens name no client.
  requiredClaims: ['cid'],
  algorithms: ['RS256'],
  // The last one is that of the org authorization server.
  acceptedTyp: ['', 'jwt', 'at+jwt', 'okta-internal-at+jwt'],
  connection: [
    registrationSetting('apiKey', 'API key', 'Okta’s token for registering clients (SSWS).', { mask: true }),
    ...CLIENT_SETTINGS,
  ],
  issuerForm: {
    pattern: '^https?://[^/]+/oauth2/[^/]+',
    problem:
      'is that of Okta’s org authorization server, whose tokens only Okta can read; use the issuer of a custom one (it has /oauth2/ in its path), or set enableSelfValidationJWT to false',
  },
  introspection: RFC_7662_WITH_CLIENT,
  discovery: 'https://{org}.okta.com/oauth2/{server}/.well-known/oauth-authorization-server',
  notes: 'Use the issuer of a custom authorization server (it has /oauth2/ in its path).',
  quirks: [
    {
      what: 'The client is in `cid`, the scopes are the list `scp`; there is no `azp`, `client_id` and `scope`.',
      why: 'WSO2’s connector has the same defaults.',
    },
    {
      what: 'Tokens of the org authorization server look like JWTs and are not meant to be read.',
      why: 'Okta may change them at any time; they are introspected, or refused when the key manager is written.',
    },
  ],
};
