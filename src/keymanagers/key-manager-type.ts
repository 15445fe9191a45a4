// What a type of key manager is: plain data about the tokens its servers issue. A new type is one file with one of these, and a
// line in `types.ts`.

import type { TokenMark, TokenProfileName } from '../domain/key-manager.ts';

/** One type (WSO2 connector). Settings of a key manager override what its type says. */
export interface KeyManagerType {
  /** WSO2's type id, as in the DTO. */
  readonly type: string;
  readonly displayName: string;
  /** Claims that name the client, set by the server itself; if several are present they must agree. `aud` counts in default of the others. */
  readonly consumerKeyClaims: readonly string[];
  /** Claims that hold the scopes; the first one present counts. */
  readonly scopesClaims: readonly string[];
  /** JWS `alg` values its servers sign with. */
  readonly algorithms: readonly string[];
  readonly profile: TokenProfileName;
  /** Tell access tokens from the other tokens of the same issuer. */
  readonly marks: readonly TokenMark[];
  /** Names in `additionalProperties` that are WSO2 connector settings of this type and must not be read as ours. */
  readonly connectorProperties: readonly string[];
  /** Where its servers publish their metadata, with placeholders in braces. */
  readonly discovery: string;
  /** What an admin should know. */
  readonly notes: string;
}
