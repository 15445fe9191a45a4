// Microsoft Entra ID (Azure AD): tokens of version 1 and 2, of one tenant or of several.

import { registrationSetting } from './connection-settings.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';

/** WSO2 type `AzureAD`. */
export const AZURE_AD: KeyManagerType = {
  ...STANDARD_TOKENS,
  type: 'AzureAD',
  displayName: 'Azure AD',
  // Version 2 and version 1.
  consumerKeyClaims: ['azp', 'appid'],
  // Tokens of applications have `roles` and no `scp`.
  scopesClaims: ['scp', 'roles'],
  wso2Claims: { consumerKeyClaim: 'azp', scopesClaim: 'scope' },
  algorithms: ['RS256'],
  // ID tokens name no client.
  requiredClaims: ['tid', 'azp|appid'],
  unverifiableHeaders: ['nonce'],
  tenancy: { placeholder: '{tenantid}', claim: 'tid' },
  connection: [
    registrationSetting('microsoft_graph_api_endpoint', 'Graph endpoint', 'Where applications are registered.'),
    registrationSetting('microsoft_graph_api_endpoint_version', 'Graph version', 'Of that endpoint.', {
      type: 'select',
      default: 'v1.0',
      values: ['v1.0'],
    }),
    registrationSetting('azure_ad_requested_access_token_version', 'Token version', 'Of applications that are made.', {
      type: 'select',
      values: ['v1.0', 'v2.0'],
    }),
    registrationSetting('azure_ad_client_id', 'Client ID', 'Of the application that may use Graph.'),
    registrationSetting('azure_ad_client_secret', 'Client secret', 'Its secret.', { mask: true }),
    registrationSetting('polling_initial_delay_ms', 'First delay', 'Milliseconds between tries.', { default: '500' }),
    registrationSetting('polling_max_wait_time_ms', 'Longest wait', 'Milliseconds.', { default: '5000' }),
  ],
  discovery: 'https://login.microsoftonline.com/{tenant}/v2.0/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<host>/<name>/.well-known/openid-configuration',
      issuer: 'https://sts.windows.net/<tenant>/',
      why: 'The issuer of version 1 has a host of its own, and the tenant’s id, which the URL need not have.',
    },
    {
      url: 'https://<host>/<name>/v2.0/.well-known/openid-configuration',
      issuer: 'https://<host>/<tenant>/v2.0',
      why: 'The issuer has the tenant’s id, or `{tenantid}` for `common`; the URL may have a name.',
    },
  ],
  notes:
    'The API’s manifest (requestedAccessTokenVersion) decides whether its tokens are of version 1 or 2, not the endpoint; list both issuers in additionalProperties.issuers where both occur. An issuer with {tenantid} needs additionalProperties.allowedTenants and audiences.',
  quirks: [
    {
      what: 'Issuers of version 1 and 2 of one tenant differ in host, path and slash.',
      why: 'One key manager takes both: `issuer` and `additionalProperties.issuers`.',
    },
    {
      what: 'The metadata of `common` names the issuer `https://login.microsoftonline.com/{tenantid}/v2.0`.',
      why: 'It is written out for each of allowedTenants, the token’s `tid` must be that tenant, and a key’s own `issuer` must fit too.',
    },
    {
      what: 'Keys have no `alg`.',
      why: 'Only RS256 is accepted.',
    },
    {
      what: 'Tokens for Microsoft Graph have a `nonce` in the header and cannot be verified by anybody else.',
      why: 'They are denied with a reason that says so.',
    },
    {
      what: 'There is no introspection; WSO2’s documents put the token endpoint there.',
      why: 'Whatever stands in introspectionEndpoint is not asked.',
    },
    {
      what: 'WSO2’s connector fills in `azp` and `scope`, which tokens of version 1 and of applications do not have.',
      why: 'Those two values count as not given.',
    },
  ],
};
