// How a key manager is asked about a token (RFC 7662), as plain facts. Who asks is `tokens`.

import type { TokenMark } from './key-manager.ts';

/** How the request proves who asks (RFC 7662 §2.1, RFC 6749 §2.3, RFC 7523, RFC 8705). Secrets are in the clear here: never log one. */
export type IntrospectionAuth =
  | {
      readonly kind: 'client_secret_basic';
      readonly clientId: string;
      readonly clientSecret: string;
      /** `rfc`: form-encoded before base64 (RFC 6749 §2.3.1); `raw`: as many servers want it. */
      readonly encoding: 'rfc' | 'raw';
    }
  | { readonly kind: 'client_secret_post'; readonly clientId: string; readonly clientSecret: string }
  | {
      readonly kind: 'private_key_jwt';
      readonly clientId: string;
      /** PKCS #8 PEM. */
      readonly privateKey: string;
      readonly alg: string;
      readonly kid: string | null;
      /** The assertion's `aud`; the issuer where there is one, else the endpoint. */
      readonly audience: string;
    }
  | { readonly kind: 'bearer'; readonly token: string }
  /** The client certificate of the connection. */
  | { readonly kind: 'tls_client_auth'; readonly clientId: string }
  /** For servers in a private network that ask for nothing. */
  | { readonly kind: 'none'; readonly clientId: string | null };

/** One key manager's introspection endpoint. */
export interface Introspection {
  readonly endpoint: string;
  readonly auth: IntrospectionAuth;
  /** Own request headers; their values may be secret. */
  readonly headers: Readonly<Record<string, string>>;
  /** Sent as `token_type_hint`; null sends none. */
  readonly tokenTypeHint: string | null;
  /** Members of the reply that name the client, in the place of the claims of a JWT. */
  readonly consumerKeyMembers: readonly string[];
  readonly scopesMembers: readonly string[];
  /** Tell access tokens from others in the reply. */
  readonly marks: readonly TokenMark[];
  /** `token_type` values that are an access token's, compared without regard to case; an absent one always passes. */
  readonly tokenTypes: readonly string[];
  /** False takes an active token that states no `exp`; it is asked for again after the time a reply is kept. */
  readonly requireExp: boolean;
  /** How long an active reply is kept at most. */
  readonly ttlMs: number;
  readonly timeoutMs: number;
}
