// WSO2 Identity Server 7.x.

import { introspectionSetting, registrationSetting, USER_SETTINGS } from './connection-settings.ts';
import { DEFAULT } from './default.ts';
import { RFC_7662 } from './introspection-rules.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { WSO2_TOKENS } from './wso2-tokens.ts';

const optional = { required: false };

/** WSO2 type `WSO2-IS-7`. */
export const WSO2_IS_7: KeyManagerType = {
  ...WSO2_TOKENS,
  type: 'WSO2-IS-7',
  displayName: 'WSO2 Identity Server 7',
  connection: [
    introspectionSetting('Authentication', 'Authentication', 'How the server knows who asks.', {
      ...optional,
      type: 'options',
      default: 'BasicAuth',
      values: ['BasicAuth', 'MutualTLS'],
    }),
    ...USER_SETTINGS,
    introspectionSetting(
      'IdentityUser',
      'Identity user',
      'With MutualTLS: the user on whose behalf is asked.',
      optional,
    ),
    introspectionSetting('MutualTLSOptions', 'Mutual TLS', 'Which certificate WSO2 would use.', {
      ...optional,
      type: 'options',
      values: ['ServerWide', 'TenantWide'],
    }),
    registrationSetting('api_resource_management_endpoint', 'API resources endpoint', 'Where scopes are registered.'),
    registrationSetting('is7_roles_endpoint', 'Roles endpoint', 'Where roles are registered.'),
    registrationSetting('enable_roles_creation', 'Create roles', 'Whether roles are made.', { type: 'checkbox' }),
    registrationSetting('user_schema_cache_enabled', 'Cache user schema', 'Of WSO2.', { type: 'checkbox' }),
  ],
  introspection: {
    ...RFC_7662,
    tokenTypeHint: null,
    credentials: {
      clientId: 'Username',
      clientSecret: 'Password',
      encoding: 'raw',
      certificate: {
        setting: 'Authentication',
        value: 'MutualTLS',
        userSetting: 'IdentityUser',
        userHeader: 'wso2-identity-user',
      },
    },
  },
  discovery: 'https://{host}:9443/oauth2/token/.well-known/openid-configuration',
  issuerDifferences: DEFAULT.issuerDifferences,
  notes:
    'The issuer of a tenant is https://{host}:9443/t/{tenant}/oauth2/token. With MutualTLS give the certificate in additionalProperties.tls.',
};
