// A key manager as the decision needs it: its type's defaults already applied. The WSO2 DTO it came from is kept by the catalog.

/** Where a key manager's verification keys come from. */
export type KeySource =
  | { readonly kind: 'jwks'; readonly url: string }
  | { readonly kind: 'pem'; readonly values: readonly string[] }
  | { readonly kind: 'none' };

/** How strictly tokens are read; {@link TOKEN_PROFILES} says what each means. */
export type TokenProfileName = 'strict9068' | 'standard' | 'lenient';

/** A mark in the payload that tells an access token from an ID, refresh or logout token of the same issuer. */
export interface TokenMark {
  readonly claim: string;
  /** `present`: the claim's presence refuses the token. A list: these values refuse it. */
  readonly refuse?: 'present' | readonly string[];
  /** The claim, where present, must be one of these. */
  readonly accept?: readonly string[];
}

/** A WSO2 JWT token handling rule reduced to literals: every pair must equal the token's claim. */
export type LiteralRule = Readonly<Record<string, string>>;

/** A key manager with everything decided at configuration time. */
export interface KeyManager {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  /** WSO2 connector type: `CustomKeyManager`, `KeyCloak`, … */
  readonly type: string;
  readonly enabled: boolean;
  /** Order of creation within the catalog; breaks ties the same way in every process. */
  readonly sequence: number;
  /** EXCHANGED key managers never vouch for a token at the gateway. */
  readonly tokenType: 'DIRECT' | 'EXCHANGED' | 'BOTH';
  /** Exact `iss` values; no normalisation of any kind. */
  readonly issuers: readonly string[];
  /** False: its JWTs must be introspected, so none can be proved locally (WSO2 enableSelfValidationJWT). */
  readonly selfValidateJwt: boolean;
  readonly keys: KeySource;
  /** JWS `alg` values accepted from it; asymmetric only. */
  readonly algorithms: readonly string[];
  /** Claims that may name the client; literal first, a leading `/` makes a JSON pointer (RFC 6901). */
  readonly consumerKeyClaims: readonly string[];
  /** Claims that may hold the scopes; the first one present counts, never the union. */
  readonly scopesClaims: readonly string[];
  /** Expected `aud` values; empty means the key manager asks for none. */
  readonly audiences: readonly string[];
  readonly profile: TokenProfileName;
  readonly marks: readonly TokenMark[];
  /** Tells key managers with the same issuer apart; empty on key managers that share none. */
  readonly jwtRules: readonly LiteralRule[];
  readonly clockSkewSeconds: number;
  readonly maxLifetimeSeconds: number;
  /** Its tokens may open the admin side (their scopes map to rights). */
  readonly admin: boolean;
  /** Digest of all that changes a token decision; equal digests decide equally in every process. */
  readonly digest: string;
}

/** What a profile demands. */
export interface TokenProfile {
  /** Claims that must be present, beside `exp`, which always must. */
  readonly requiredClaims: readonly string[];
  /** Accepted header `typ`, lower case, `application/` stripped; '' stands for an absent one, `*` for any that is not known to be another kind of token. */
  readonly acceptedTyp: readonly string[];
}

/** The one table of profiles: RFC 9068 to the letter, what most servers send, and what the loosest of them send. */
export const TOKEN_PROFILES: Readonly<Record<TokenProfileName, TokenProfile>> = {
  strict9068: {
    requiredClaims: ['iss', 'aud', 'sub', 'client_id', 'iat', 'jti'],
    acceptedTyp: ['at+jwt'],
  },
  standard: { requiredClaims: ['iss'], acceptedTyp: ['', 'jwt', 'at+jwt'] },
  lenient: { requiredClaims: [], acceptedTyp: ['*'] },
};

/** Header `typ` values that are never access tokens (RFC 8725 §3.11; RFC 9449, RFC 8417, OpenID back-channel logout, RFC 7523bis, RFC 9701). */
export const FOREIGN_TYP: readonly string[] = [
  'dpop+jwt',
  'logout+jwt',
  'secevent+jwt',
  'oauth-authz-req+jwt',
  'client-authentication+jwt',
  'token-introspection+jwt',
  'entity-statement+jwt',
  'kb+jwt',
  'id_token+jwt',
];
