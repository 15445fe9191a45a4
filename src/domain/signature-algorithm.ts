// The JWS algorithms that can ever be accepted, and the kind of key each of them takes. What is not in this table is refused:
// `none` and the HMACs are absent on purpose (RFC 8725 §3.1, §3.2).

/** The kind of key an algorithm takes (RFC 7518 §3.1, RFC 8037 §3.1). */
export type AlgorithmKey =
  | { readonly kty: 'RSA' }
  | { readonly kty: 'EC'; readonly crv: 'P-256' | 'P-384' | 'P-521' }
  | { readonly kty: 'OKP'; readonly crv: 'Ed25519' };

const RSA = { kty: 'RSA' } as const;

/** `alg` values by name; a Map, so that no name out of a token can reach a prototype. */
export const SIGNATURE_ALGORITHMS: ReadonlyMap<string, AlgorithmKey> = new Map<string, AlgorithmKey>([
  ['RS256', RSA],
  ['RS384', RSA],
  ['RS512', RSA],
  ['PS256', RSA],
  ['PS384', RSA],
  ['PS512', RSA],
  ['ES256', { kty: 'EC', crv: 'P-256' }],
  ['ES384', { kty: 'EC', crv: 'P-384' }],
  ['ES512', { kty: 'EC', crv: 'P-521' }],
  ['EdDSA', { kty: 'OKP', crv: 'Ed25519' }],
  ['Ed25519', { kty: 'OKP', crv: 'Ed25519' }],
]);

/** True when both names mean the same signature: RFC 9864 calls `Ed25519` what RFC 8037 called `EdDSA`, here with that one curve. */
export function sameAlgorithm(a: string, b: string): boolean {
  return a === b || (isEd25519(a) && isEd25519(b));
}

function isEd25519(alg: string): boolean {
  return alg === 'EdDSA' || alg === 'Ed25519';
}
