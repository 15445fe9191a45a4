// A key manager as the decision needs it: its type's defaults already applied. The WSO2 DTO it came from is kept by the catalog.

import type { Introspection } from './introspection.ts';

/** Where a key manager's verification keys come from. */
export type KeySource =
  | {
      readonly kind: 'jwks';
      /** At least one; the keys of all of them count. */
      readonly urls: readonly string[];
      /** A file whose content is sent as a bearer credential to the JWKS endpoint, read anew for each fetch (Kubernetes). */
      readonly authorizationFile: string | null;
    }
  | { readonly kind: 'pem'; readonly values: readonly string[] }
  | { readonly kind: 'none' };

/** How a key manager's servers are reached, beside what holds for all of them. Texts are PEM. */
export interface Connection {
  /** Trusted in place of the authorities of the installation. */
  readonly ca: string | null;
  /** Name to send (SNI) and to expect in the certificate, where it is not the URL's host. */
  readonly serverName: string | null;
  readonly clientCert: string | null;
  /** Secret. */
  readonly clientKey: string | null;
}

/** What a key manager may take of the outbound side, so that its trouble stays its own. */
export interface KeyManagerLimits {
  /** Introspections under way at once; more are refused at once, without a queue. */
  readonly concurrency: number;
  /** First sights of tokens a second, on average. */
  readonly ratePerSecond: number;
  /** First sights of tokens at once, after a quiet time. */
  readonly burst: number;
}

/** The tenants of a multi-tenant issuer (Entra `common`): the token's claim must name the tenant that its issuer belongs to. */
export interface Tenancy {
  readonly claim: string;
  /** By exact issuer. */
  readonly tenants: Readonly<Record<string, string>>;
}

/** A pattern in linear time (RE2 syntax). */
export interface TextPattern {
  readonly source: string;
  /** True when the pattern fits: a whole token, or any part of a claim's text, as WSO2 has it for each. */
  matches(text: string): boolean;
}

/** A JWT token handling rule: every claim must fit. Literal values are compared, patterns are looked for. */
export type ClaimRule = Readonly<Record<string, string | TextPattern>>;

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

/** WSO2 claimMapping: a claim of the key manager and the name that it has here. */
export interface ClaimMapping {
  readonly remoteClaim: string;
  readonly localClaim: string;
}

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
  /** A JWK's own member `issuer` must be the token's issuer, the tenant filled in (Entra). */
  readonly checksKeyIssuer: boolean;
  readonly tenancy: Tenancy | null;
  /** How tokens are asked for at its introspection endpoint; null where there is none. */
  readonly introspection: Introspection | null;
  readonly connection: Connection;
  readonly limits: KeyManagerLimits;
  /** JWS `alg` values accepted from it; asymmetric only. */
  readonly algorithms: readonly string[];
  /** Claims that may name the client; literal first, a leading `/` makes a JSON pointer (RFC 6901). */
  readonly consumerKeyClaims: readonly string[];
  /** Claims that may hold the scopes; the first one present counts, never the union. */
  readonly scopesClaims: readonly string[];
  /** The names of an object's members are the scopes (Zitadel's roles). */
  readonly scopesFromNames: boolean;
  /** Claims that are handed on, by the name they get there (WSO2 claimMapping). */
  readonly claimMapping: readonly ClaimMapping[];
  /** The claim that says whom a token is for: `aud`, or what its servers use instead (Cognito `client_id`). */
  readonly audienceClaim: string;
  /** Expected `aud` values; empty means the key manager asks for none. */
  readonly audiences: readonly string[];
  readonly profile: TokenProfileName;
  /** In place of the profile's; null leaves them. Spelled as in {@link TokenProfile}. */
  readonly acceptedTyp: readonly string[] | null;
  /** Claims that must be present beside the profile's; `a|b` asks for one of them. */
  readonly requiredClaims: readonly string[];
  readonly marks: readonly TokenMark[];
  /** Header members of tokens that only their vendor can verify (Microsoft Graph's `nonce`). */
  readonly unverifiableHeaders: readonly string[];
  /** Which JWTs it claims: any rule suffices; none claims every JWT of its issuers. */
  readonly jwtRules: readonly ClaimRule[];
  /** Which opaque tokens it claims: any pattern suffices. */
  readonly referenceRules: readonly TextPattern[];
  readonly clockSkewSeconds: number;
  readonly maxLifetimeSeconds: number;
  /** Its tokens may open the admin side (their scopes map to rights). */
  readonly admin: boolean;
  /** WSO2 `allowedOrganizations`: whose applications may use it; empty is everybody's, `NONE` its own organization's. */
  readonly allowedOrganizations: readonly string[];
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
