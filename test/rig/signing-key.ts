// Keys of a test key manager, and JWTs made with node:crypto alone: the headers may be as wrong as a test wants them.

import { createHash, generateKeyPairSync, type JsonWebKey, type KeyObject, sign as signBytes } from 'node:crypto';

/** Algorithms that the demo and test key managers sign with (RFC 7518 §3.1, RFC 8037). */
export type SigningAlgorithm = 'RS256' | 'PS256' | 'ES256' | 'EdDSA';

/** A private key with the JWK that a JWKS shows of it. */
export interface SigningKey {
  readonly kid: string;
  readonly algorithm: SigningAlgorithm;
  readonly privateKey: KeyObject;
  readonly publicJwk: JsonWebKey & { readonly kid: string };
}

/** A new key; the kid defaults to a digest of the public key. */
export function makeSigningKey(algorithm: SigningAlgorithm = 'RS256', kid?: string): SigningKey {
  const { privateKey, publicKey } = generate(algorithm);
  const jwk = publicKey.export({ format: 'jwk' });
  const id = kid ?? createHash('sha256').update(JSON.stringify(jwk)).digest('base64url').slice(0, 16);
  return { kid: id, algorithm, privateKey, publicJwk: { ...jwk, kid: id, use: 'sig', alg: algorithm } };
}

/** A compact JWS (RFC 7515 §3.1) over the claims; `header` is added to, or put in the place of, `alg`, `kid` and `typ`. */
export function signJwt(
  key: SigningKey,
  claims: Readonly<Record<string, unknown>>,
  header: Readonly<Record<string, unknown>> = {},
): string {
  const head = encode({ alg: key.algorithm, kid: key.kid, typ: 'at+jwt', ...header });
  const input = `${head}.${encode(claims)}`;
  return `${input}.${signature(key, Buffer.from(input)).toString('base64url')}`;
}

function generate(algorithm: SigningAlgorithm) {
  if (algorithm === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' });
  if (algorithm === 'EdDSA') return generateKeyPairSync('ed25519');
  return generateKeyPairSync('rsa', { modulusLength: 2048 });
}

function signature({ algorithm, privateKey }: SigningKey, input: Buffer): Buffer {
  switch (algorithm) {
    case 'RS256':
      return signBytes('sha256', input, privateKey);
    case 'PS256':
      // RSA_PKCS1_PSS_PADDING, and a salt as long as the digest (RFC 7518 §3.5).
      return signBytes('sha256', input, { key: privateKey, padding: 6, saltLength: 32 });
    case 'ES256':
      return signBytes('sha256', input, { key: privateKey, dsaEncoding: 'ieee-p1363' });
    case 'EdDSA':
      return signBytes(null, input, privateKey);
  }
}

function encode(value: unknown): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url');
}
