// How introspection goes at servers that follow RFC 7662; types say where theirs differ.

import type { IntrospectionRules } from './key-manager-type.ts';

/** `token_type` of access tokens in replies: RFC 6749's, and that of servers which name the kind of token there. */
export const ACCESS_TOKEN_TYPES: readonly string[] = ['Bearer', 'access_token'];

/** RFC 7662, without credentials of a connector. */
export const RFC_7662: IntrospectionRules = {
  credentials: null,
  tokenTypeHint: 'access_token',
  consumerKeyMembers: ['client_id'],
  scopesMembers: ['scope'],
  marks: [],
  tokenTypes: ACCESS_TOKEN_TYPES,
};

/** RFC 7662 with the connector's `client_id` and `client_secret`. */
export const RFC_7662_WITH_CLIENT: IntrospectionRules = {
  ...RFC_7662,
  credentials: { clientId: 'client_id', clientSecret: 'client_secret', encoding: 'rfc' },
};
