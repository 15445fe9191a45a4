// Signed tokens and a key manager to judge them, made with node:crypto alone, so that no test checks a library against itself.

import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { isRefusal } from '../../../src/domain/decision.ts';
import type { KeyManager } from '../../../src/domain/key-manager.ts';
import type { UnprovedJwt } from '../../../src/domain/token.ts';
import { readToken } from '../../../src/tokens/reading/read-token.ts';

/** The moment at which all samples are judged. */
export const NOW_MS = 1_800_000_000_000;
export const NOW = NOW_MS / 1000;
export const ISSUER = 'https://idp.example/';

export interface SigningKey {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly jwk: Record<string, unknown>;
}

export function es256Key(kid?: string): SigningKey {
  return signingKey(generateKeyPairSync('ec', { namedCurve: 'P-256' }), kid);
}

export function rsaKey(kid?: string, modulusLength = 2048): SigningKey {
  return signingKey(generateKeyPairSync('rsa', { modulusLength }), kid);
}

export function ed25519Key(kid?: string): SigningKey {
  return signingKey(generateKeyPairSync('ed25519'), kid);
}

function signingKey(
  { privateKey, publicKey }: { privateKey: KeyObject; publicKey: KeyObject },
  kid?: string,
): SigningKey {
  return {
    privateKey,
    publicKey,
    jwk: { ...publicKey.export({ format: 'jwk' }), ...(kid === undefined ? {} : { kid }) },
  };
}

export function jwks(...keys: readonly (SigningKey | Record<string, unknown>)[]): string {
  return JSON.stringify({ keys: keys.map((key) => ('jwk' in key ? key.jwk : key)) });
}

export function base64url(value: unknown): string {
  return Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');
}

/** Claims of a good access token. */
export function claims(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return { iss: ISSUER, sub: 'alice', azp: 'client-1', scope: 'read write', iat: NOW - 60, exp: NOW + 600, ...changes };
}

/** A compact JWS; header and payload may be given as raw text. */
export function signToken(key: SigningKey, payload: unknown = claims(), header: unknown = {}): string {
  const type = key.publicKey.asymmetricKeyType;
  const alg = type === 'rsa' ? 'RS256' : type === 'ed25519' ? 'EdDSA' : 'ES256';
  const kid = key.jwk['kid'] === undefined ? {} : { kid: key.jwk['kid'] };
  const head = typeof header === 'string' ? header : { alg, ...kid, ...(header as object) };
  const input = `${base64url(head)}.${base64url(payload)}`;
  const hash = type === 'ed25519' ? null : 'sha256';
  const signature = sign(hash, Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

/** Reads a token that is known to be a well-formed JWT. */
export function readJwt(text: string): UnprovedJwt {
  const token = readToken(text);
  if (isRefusal(token) || token.kind !== 'jwt') throw new Error(`not a JWT: ${JSON.stringify(token)}`);
  return token;
}

/** A JWT as the pre-check leaves it, without a real signature. */
export function unprovedJwt(payload: Record<string, unknown>, header: Record<string, unknown> = {}): UnprovedJwt {
  return readJwt(`${base64url({ alg: 'ES256', ...header })}.${base64url(payload)}.AAAA`);
}

export function keyManager(changes: Partial<KeyManager> = {}): KeyManager {
  const settings: KeyManager = {
    id: 'km-1',
    organization: 'carbon.super',
    name: 'Sample',
    type: 'CustomKeyManager',
    enabled: true,
    sequence: 1,
    tokenType: 'DIRECT',
    issuers: [ISSUER],
    selfValidateJwt: true,
    keys: { kind: 'jwks', urls: ['http://127.0.0.1:1/jwks'], authorizationFile: null },
    algorithms: ['RS256', 'ES256', 'EdDSA'],
    consumerKeyClaims: ['azp', 'client_id'],
    scopesClaims: ['scope'],
    audiences: [],
    profile: 'standard',
    marks: [],
    acceptedTyp: null,
    requiredClaims: [],
    unverifiableHeaders: [],
    jwtRules: [],
    referenceRules: [],
    checksKeyIssuer: false,
    tenancy: null,
    introspection: null,
    connection: { ca: null, serverName: null, clientCert: null, clientKey: null },
    limits: { concurrency: 32, ratePerSecond: 200, burst: 400 },
    scopesFromNames: false,
    claimMapping: [],
    audienceClaim: 'aud',
    clockSkewSeconds: 30,
    maxLifetimeSeconds: 86_400,
    admin: false,
    allowedOrganizations: [],
    digest: '',
    ...changes,
  };
  return { ...settings, digest: createHash('sha256').update(JSON.stringify(settings)).digest('hex') };
}
