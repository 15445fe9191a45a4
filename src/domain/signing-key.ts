// A key that signs what is told to upstreams, as it is kept and handed from room to room. Its private half is a secret.

/** Signature algorithms of backend JWTs (WSO2 `SHA256withRSA`, and its shorter and faster successor). */
export const SIGNING_ALGORITHMS = ['RS256', 'ES256'] as const;
/** One of {@link SIGNING_ALGORITHMS}. */
export type SigningAlgorithm = (typeof SIGNING_ALGORITHMS)[number];

/** What may be told of a signing key. */
export interface SigningKeyInfo {
  /** `kid`: its RFC 7638 thumbprint. */
  readonly id: string;
  readonly algorithm: SigningAlgorithm;
  readonly createdAtMs: number;
  /** Null while it signs. */
  readonly retiredAtMs: number | null;
  /** When the last JWT that a retired key may have signed has expired. */
  readonly publishedUntilMs: number | null;
}

/** A signing key with its private half. */
export interface StoredSigningKey extends SigningKeyInfo {
  /** PKCS #8 PEM. Secret. */
  readonly privateKey: string;
}
