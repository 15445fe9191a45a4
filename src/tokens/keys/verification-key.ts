// One public key that may prove tokens, and the gate it comes through: keys that a signature library would take but that prove
// nothing (exponent 1, short or factorable moduli) never enter a key set.

import { createHash, type JsonWebKey, type KeyObject } from 'node:crypto';
import { SIGNATURE_ALGORITHMS } from '../../domain/signature-algorithm.ts';
import { hasRocaFingerprint } from './roca-fingerprint.ts';

/** RFC 7518 §3.3. */
const MIN_MODULUS_BITS = 2048;
/** Verifying costs grow with the square of the length; no server uses more. */
const MAX_MODULUS_BITS = 8192;
/** Smaller exponents lend themselves to forgeries, 1 makes every signature valid. */
const MIN_EXPONENT = 65_537;
/** Up to 2^32-1: a longer exponent costs up to 80 times as much to verify. */
const MAX_EXPONENT_BYTES = 4;

/** What a key's publisher says of it; each is undefined when not said. */
export interface KeyLabels {
  readonly kid: string | undefined;
  /** The one algorithm that the key is meant for. */
  readonly alg: string | undefined;
  /** Base64url SHA-1 of its certificate. */
  readonly x5t: string | undefined;
  /** Base64url SHA-256 of its certificate. */
  readonly x5tS256: string | undefined;
  /** Whose tokens it signs, where one set serves several issuers (Entra); may hold the placeholder `{tenantid}`. */
  readonly issuer: string | undefined;
}

/** RFC 7518 §3.4: an ECDSA signature is R and S side by side, each as long as the curve's order. */
const SIDE_BY_SIDE = { dsaEncoding: 'ieee-p1363' } as const;

/** A public key fit to prove tokens. */
export interface VerificationKey extends KeyLabels {
  readonly kty: string;
  readonly crv: string | undefined;
  /** RFC 7638, SHA-256, base64url: the key's identity under any name. */
  readonly thumbprint: string;
  /** One of a curve says itself how its signatures are laid out, so that it can be handed to `verify` as it is. */
  readonly publicKey: KeyObject;
}

/** Why a key is not used. */
export type KeyProblem =
  | 'not_a_public_key'
  | 'member_too_long'
  | 'unknown_kind'
  | 'unknown_algorithm'
  | 'not_for_signatures'
  | 'modulus_length'
  | 'exponent'
  | 'roca';

/** Takes a public key through the gate. */
export function verificationKeyOf(publicKey: KeyObject, labels: KeyLabels): VerificationKey | KeyProblem {
  if (publicKey.type !== 'public') return 'not_a_public_key';
  if (!['rsa', 'ec', 'ed25519'].includes(publicKey.asymmetricKeyType ?? '')) return 'unknown_kind';
  const jwk = exportJwk(publicKey);
  const kty = jwk?.kty ?? '';
  const crv = jwk?.crv;
  const algorithms = [...SIGNATURE_ALGORITHMS].filter(
    ([, key]) => key.kty === kty && ('crv' in key ? key.crv : undefined) === crv,
  );
  if (jwk === undefined || algorithms.length === 0) return 'unknown_kind';
  if (labels.alg !== undefined && !algorithms.some(([alg]) => alg === labels.alg)) return 'unknown_algorithm';
  const weakness = kty === 'RSA' ? rsaWeakness(jwk) : undefined;
  if (kty === 'EC') Object.assign(publicKey, SIDE_BY_SIDE);
  return weakness ?? { ...labels, kty, crv, thumbprint: thumbprintOf(jwk), publicKey };
}

/** Undefined for curves that have no JWK form. */
function exportJwk(publicKey: KeyObject): JsonWebKey | undefined {
  try {
    return publicKey.export({ format: 'jwk' });
  } catch {
    return undefined;
  }
}

/** Looks at exported numbers, which have no leading zeros: `asymmetricKeyDetails` takes time quadratic in the exponent's length. */
function rsaWeakness(jwk: JsonWebKey): KeyProblem | undefined {
  const n = Buffer.from(jwk.n ?? '', 'base64url');
  const modulusBits = 8 * n.length - Math.clz32(n[0] ?? 0) + 24;
  if (modulusBits < MIN_MODULUS_BITS || modulusBits > MAX_MODULUS_BITS) return 'modulus_length';
  const e = Buffer.from(jwk.e ?? '', 'base64url');
  if (e.length === 0 || e.length > MAX_EXPONENT_BYTES) return 'exponent';
  const exponent = e.readUIntBE(0, e.length);
  if (exponent < MIN_EXPONENT || exponent % 2 === 0) return 'exponent';
  return hasRocaFingerprint(BigInt(`0x${n.toString('hex')}`)) ? 'roca' : undefined;
}

/** RFC 7638 §3.2: the required members, in lexicographic order, without white space. */
function thumbprintOf({ crv, e, kty, n, x, y }: JsonWebKey): string {
  const required = kty === 'RSA' ? { e, kty, n } : kty === 'EC' ? { crv, kty, x, y } : { crv, kty, x };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}
