// WSO2 API Manager's KeyManager DTO (admin API v4), field for field, as it is taken in, stored and given back.

/** `endpoints[]` of the DTO: the newer form of the endpoint fields. */
export interface EndpointDto {
  readonly name: string;
  readonly value: string;
}

/** `tokenValidation[]` of the DTO: which tokens a key manager claims (WSO2 "token handling options"). */
export interface TokenValidationDto {
  readonly id?: number | undefined;
  readonly enable?: boolean | undefined;
  readonly type: 'REFERENCE' | 'JWT' | 'CUSTOM';
  readonly value: unknown;
}

/** The DTO. Only `name` and `type` are mandatory; `id` and `global` are written by the server. */
export interface KeyManagerDto {
  readonly id?: string | undefined;
  readonly name: string;
  readonly displayName?: string | undefined;
  readonly type: string;
  readonly description?: string | undefined;
  readonly wellKnownEndpoint?: string | undefined;
  readonly introspectionEndpoint?: string | undefined;
  readonly clientRegistrationEndpoint?: string | undefined;
  readonly tokenEndpoint?: string | undefined;
  readonly displayTokenEndpoint?: string | undefined;
  readonly revokeEndpoint?: string | undefined;
  readonly displayRevokeEndpoint?: string | undefined;
  readonly userInfoEndpoint?: string | undefined;
  readonly authorizeEndpoint?: string | undefined;
  readonly scopeManagementEndpoint?: string | undefined;
  readonly endpoints?: readonly EndpointDto[] | undefined;
  readonly certificates?:
    | { readonly type?: 'JWKS' | 'PEM' | undefined; readonly value?: string | undefined }
    | undefined;
  readonly issuer?: string | undefined;
  readonly alias?: string | undefined;
  readonly availableGrantTypes?: readonly string[] | undefined;
  readonly enableTokenGeneration?: boolean | undefined;
  readonly enableTokenEncryption?: boolean | undefined;
  readonly enableTokenHashing?: boolean | undefined;
  readonly enableMapOAuthConsumerApps?: boolean | undefined;
  readonly enableOAuthAppCreation?: boolean | undefined;
  readonly enableSelfValidationJWT?: boolean | undefined;
  readonly claimMapping?: readonly { readonly remoteClaim: string; readonly localClaim: string }[] | undefined;
  readonly consumerKeyClaim?: string | undefined;
  readonly scopesClaim?: string | undefined;
  readonly tokenValidation?: readonly TokenValidationDto[] | undefined;
  readonly enabled?: boolean | undefined;
  readonly global?: boolean | undefined;
  readonly additionalProperties?: Readonly<Record<string, unknown>> | undefined;
  readonly permissions?:
    | {
        readonly permissionType?: 'PUBLIC' | 'ALLOW' | 'DENY' | undefined;
        readonly roles?: readonly string[] | undefined;
      }
    | undefined;
  readonly tokenType?: 'DIRECT' | 'EXCHANGED' | 'BOTH' | undefined;
  readonly allowedOrganizations?: readonly string[] | undefined;
}

/** A key manager as the catalog keeps it. */
export interface StoredKeyManager {
  readonly id: string;
  readonly organization: string;
  /** Order of creation within the catalog. */
  readonly sequence: number;
  /** Rises with every write of it; the ETag. */
  readonly version: number;
  /** With `SECRET_MASK` where a secret was. */
  readonly dto: KeyManagerDto;
  /** The secrets, by JSON pointer into the DTO. Empty where they were not asked for. */
  readonly secrets: Readonly<Record<string, string>>;
}
