// A WSO2 key manager payload for a server of the rig that has opaque tokens.

import type { IntrospectionServer } from '../rig/introspection-server.ts';

/** Claims the opaque tokens that begin with `prefix`; the client is the one that the server knows by default. */
export function introspectingDto(
  name: string,
  { url }: Pick<IntrospectionServer, 'url'>,
  prefix: string,
  more: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> {
  return {
    name,
    type: 'CustomKeyManager',
    enabled: true,
    enableSelfValidationJWT: false,
    introspectionEndpoint: url,
    tokenEndpoint: `${url}/token`,
    revokeEndpoint: `${url}/revoke`,
    tokenValidation: [{ type: 'REFERENCE', value: `^${prefix}[0-9a-z]+$` }],
    additionalProperties: introspectionClient('secret-of-gatehouse'),
    ...more,
  };
}

/** `additionalProperties` with the client that asks. */
export function introspectionClient(clientSecret: string): Record<string, unknown> {
  return { introspection: { method: 'client_secret_basic', clientId: 'gatehouse', clientSecret } };
}
