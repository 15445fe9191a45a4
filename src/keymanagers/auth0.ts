// Auth0, both access token profiles.

import { registrationSetting } from './connection-settings.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `Auth0`. */
export const AUTH0: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'Auth0',
  displayName: 'Auth0',
  // `azp` in the profile of Auth0, `client_id` in that of RFC 9068.
  consumerKeyClaims: ['azp', 'client_id'],
  wso2Claims: { consumerKeyClaim: 'azp', scopesClaim: null },
  algorithms: ['RS256', 'RS512', 'PS256'],
  // ID tokens of the code flow have no mark, and name no client.
  requiredClaims: ['azp|client_id'],
  // `audience` is that of Auth0's Management API, not of the tokens.
  connection: [
    registrationSetting('client_id', 'Client ID', 'Of the application that may use the Management API.'),
    registrationSetting('client_secret', 'Client secret', 'Its secret.', { mask: true }),
    registrationSetting('audience', 'Audience', 'Identifier of the Management API; ends with a slash.'),
  ],
  issuerForm: {
    pattern: '/$',
    problem: 'has no slash at its end, but each issuer of Auth0 has one; copy the token’s `iss`',
  },
  discovery: 'https://{tenant}.{region}.auth0.com/.well-known/openid-configuration',
  notes:
    'The issuer ends with a slash. Tokens asked for without an audience are opaque or encrypted and cannot be judged.',
  quirks: [
    {
      what: 'The client is in `azp` or, in the profile of RFC 9068, in `client_id`; WSO2’s connector fills in `azp`.',
      why: 'That value counts as not given, so both are read.',
    },
    {
      what: 'There is no introspection; WSO2’s documents put the word `none` there.',
      why: 'Whatever stands in introspectionEndpoint is not asked.',
    },
    {
      what: 'Tokens asked for without an audience are opaque, or have five parts (JWE).',
      why: 'Nobody but Auth0 can read them, so they are denied as opaque tokens.',
    },
    {
      what: 'The setting `audience` of WSO2’s connector is that of the Management API.',
      why: 'It is not read as the audience of tokens; write `audiences`.',
    },
  ],
};
