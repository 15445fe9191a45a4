// What is known of a token: before any proof (what it says of itself) and after (what a key manager vouches for).

import type { Evidence } from './evidence.ts';
import type { DenyReason, FaultReason } from './reason.ts';

/** A JWT taken apart by the strict pre-check (RFC 7515 §5.2); nothing in it is verified yet. */
export interface UnprovedJwt {
  readonly kind: 'jwt';
  /** The credential as sent: canonical, so equal text means equal token. Never log it. */
  readonly text: string;
  /** Hex SHA-256 of the text; the first 12 digits are the `token_hash` of logs. */
  readonly hash: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  /** The `iss` claim when it is a string. */
  readonly issuer: string | undefined;
}

/** Anything that is not a JWT: only its issuer can say what it means (RFC 7662). */
export interface OpaqueToken {
  readonly kind: 'opaque';
  readonly text: string;
  readonly hash: string;
}

/** A bearer token before proof. */
export type UnprovedToken = UnprovedJwt | OpaqueToken;

/** What a key manager vouches for. Only about the token, never about the request. */
export interface TokenFacts {
  readonly keyManagerId: string;
  readonly issuer: string | undefined;
  readonly subject: string | undefined;
  /** The OAuth client that the token was issued to. */
  readonly consumerKey: string | undefined;
  readonly scopes: readonly string[];
  readonly audiences: readonly string[];
  /** Seconds since the epoch (RFC 7519 NumericDate). */
  readonly expiresAt: number;
  readonly notBefore: number | undefined;
  readonly issuedAt: number | undefined;
  readonly jti: string | undefined;
  /** RFC 7638 thumbprint of the key that proved it; undefined where only an introspection reply did. */
  readonly keyThumbprint: string | undefined;
  /** The header's `kid`, of a token that a key proved. */
  readonly keyId: string | undefined;
  /** Claims handed on (WSO2 claimMapping), by their local name; each a JSON value as text. */
  readonly claims: Readonly<Record<string, string>>;
  /** `cnf.x5t#S256` (RFC 8705 §3.1): the token is bound to this client certificate. */
  readonly certificateThumbprint: string | undefined;
}

/** The outcome of proving one token against one key manager. */
export type TokenDecision =
  | { readonly kind: 'proved'; readonly facts: TokenFacts }
  | {
      readonly kind: 'refused';
      readonly reason: DenyReason;
      readonly evidence: Evidence;
      /** Digest of the key set of which no key verified the token: another set may. */
      readonly keySet?: string;
    }
  | { readonly kind: 'unavailable'; readonly reason: FaultReason; readonly evidence: Evidence };
