// What a type of key manager is: plain data about the tokens its servers issue and the forms that configure it. A new type is one
// file with one of these, and a line in `types.ts`.

import type { TokenMark, TokenProfileName } from '../domain/key-manager.ts';

/** One setting of a WSO2 connector (ConfigurationDto), enough to draw a form. Its value is in `additionalProperties` under `name`. */
export interface ConnectionSetting {
  readonly name: string;
  readonly label: string;
  readonly type: 'input' | 'select' | 'options' | 'checkbox' | 'text';
  readonly tooltip: string;
  /** Must be given where what it is `usedFor` is configured. */
  readonly required: boolean;
  /** A secret: sealed at rest, write-only over HTTP. */
  readonly mask: boolean;
  readonly default: string;
  /** What can be chosen; empty takes any. */
  readonly values: readonly string[];
  readonly usedFor: 'introspection' | 'registration';
}

/** How a type's servers are asked about a token (RFC 7662). */
export interface IntrospectionRules {
  /** Connector settings that hold the client, in the place of `additionalProperties.introspection`; null: it has none. */
  readonly credentials: IntrospectionCredentials | null;
  readonly tokenTypeHint: string | null;
  /** Members of the reply that name the client; if several are there they must agree. */
  readonly consumerKeyMembers: readonly string[];
  readonly scopesMembers: readonly string[];
  /** Tell access tokens from others in the reply. */
  readonly marks: readonly TokenMark[];
  /** `token_type` values of access tokens, in any case. */
  readonly tokenTypes: readonly string[];
}

/** Which connector settings make the client credentials of an introspection request. */
export interface IntrospectionCredentials {
  readonly clientId: string;
  readonly clientSecret: string;
  /** Whether the servers undo the form-encoding of RFC 6749 §2.3.1. */
  readonly encoding: 'rfc' | 'raw';
  /** A setting whose value says that the client certificate counts instead (WSO2 IS 7), and the header that names the user then. */
  readonly certificate?: {
    readonly setting: string;
    readonly value: string;
    readonly userSetting: string;
    readonly userHeader: string;
  };
}

/** A discovery URL whose document rightly names an issuer that is not the URL's. `<name>` stands for one segment, the same in both. */
export interface IssuerDifference {
  readonly url: string;
  readonly issuer: string;
  readonly why: string;
}

/** Something about its servers that is not as the standards or WSO2's connector have it, and what is done about it. */
export interface Quirk {
  readonly what: string;
  readonly why: string;
}

/** One type (WSO2 connector), or one preset of `CustomKeyManager`. Settings of a key manager override what its type says. */
export interface KeyManagerType {
  /** WSO2's type id, as in the DTO. */
  readonly type: string;
  /** `additionalProperties.preset`; null for a type. */
  readonly preset: string | null;
  readonly displayName: string;
  /** Access tokens, or identity tokens of an issuer that has nothing else; those need an expected audience. */
  readonly tokenKind: 'access' | 'identity';
  /** Names in `additionalProperties` that are WSO2 connector settings of this type and must not be read as ours. */
  readonly connection: readonly ConnectionSetting[];
  /** Claims that name the client, set by the server itself; if several are present they must agree. `aud` counts in default of the others. */
  readonly consumerKeyClaims: readonly string[];
  /** Claims that hold the scopes; the first one present counts. */
  readonly scopesClaims: readonly string[];
  /** The names of an object's members are scopes. */
  readonly scopesFromNames: boolean;
  /** What WSO2's connector fills in; written by it and not by an admin, so our claims count. Null: what is written was meant. */
  readonly wso2Claims: { readonly consumerKeyClaim: string | null; readonly scopesClaim: string | null };
  readonly audienceClaim: string;
  /** JWS `alg` values its servers sign with. */
  readonly algorithms: readonly string[];
  readonly profile: TokenProfileName;
  /** Header `typ` in the place of the profile's; null leaves those. */
  readonly acceptedTyp: readonly string[] | null;
  /** Claims that each access token of it has, beside the profile's; `a|b` means one of them. */
  readonly requiredClaims: readonly string[];
  /** Tell access tokens from the other tokens of the same issuer. */
  readonly marks: readonly TokenMark[];
  /** Header members of tokens that only the vendor can verify. */
  readonly unverifiableHeaders: readonly string[];
  /** Other exact issuers of the same server, by issuer. */
  readonly impliedIssuers: Readonly<Record<string, readonly string[]>>;
  /** What every issuer of JWTs of it looks like, with the sentence for one that does not; null: anything. */
  readonly issuerForm: { readonly pattern: string; readonly problem: string } | null;
  /** Multi-tenant issuers: the placeholder in an issuer, and the claim that must name the tenant. */
  readonly tenancy: { readonly placeholder: string; readonly claim: string } | null;
  /** Null: its servers have no introspection, whatever the DTO's endpoint says. */
  readonly introspection: IntrospectionRules | null;
  /** RE2 pattern of its opaque access tokens, where they have a form of their own (WSO2 REFERENCE rule). */
  readonly referencePattern: string | null;
  /** Where its servers publish their metadata, with placeholders in braces. */
  readonly discovery: string;
  readonly issuerDifferences: readonly IssuerDifference[];
  /** What an admin should know. */
  readonly notes: string;
  readonly quirks: readonly Quirk[];
}
