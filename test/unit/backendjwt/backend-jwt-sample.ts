// An issuer of backend JWTs with everything around it plain, and a caller for it to speak of.

import { BackendJwtIssuer, type BackendJwtOptions } from '../../../src/backendjwt/backend-jwt-issuer.ts';
import { newSigningKey, readSigningKey, type SigningKey } from '../../../src/backendjwt/signing-key.ts';
import type { Known } from '../../../src/domain/decision.ts';
import type { SigningAlgorithm } from '../../../src/domain/signing-key.ts';
import { SUBSCRIBER, sampleFacts } from '../authorize/world-sample.ts';
import { sampleApi, sampleKeyManager, sampleResource } from '../domain/catalog-samples.ts';

/** 2023-11-14T22:13:20Z. */
export const NOW_MS = 1_700_000_000_000;
/** The same in seconds. */
export const NOW = NOW_MS / 1000;

/** A fresh key. */
export async function sampleKey(algorithm: SigningAlgorithm = 'ES256'): Promise<SigningKey> {
  return readSigningKey((await newSigningKey(algorithm, NOW_MS)).privateKey);
}

/** All that is known of an allowed caller. */
export function sampleKnown(over: Partial<Known> = {}): Known {
  return {
    api: sampleApi(),
    resource: sampleResource(),
    keyManager: sampleKeyManager(),
    token: sampleFacts(),
    keyType: 'PRODUCTION',
    ...(SUBSCRIBER.application && { application: SUBSCRIBER.application }),
    ...(SUBSCRIBER.subscription && { subscription: SUBSCRIBER.subscription }),
    ...over,
  };
}

/** An issuer that signs with this key. */
export function sampleIssuer(key: SigningKey, over: Partial<BackendJwtOptions> = {}): BackendJwtIssuer {
  let id = 0;
  return new BackendJwtIssuer({
    issuer: 'wso2.org/products/am',
    dialect: 'http://wso2.org/claims',
    excludedClaims: [],
    encoding: 'base64url',
    ttlSeconds: 900,
    maxBytes: 8192,
    onTooLarge: 'deny',
    cacheBytes: 1_048_576,
    currentKey: () => key,
    admission: { prove: () => ({ kind: 'admitted', done: () => undefined }) },
    stopwatch: () => 0,
    newId: () => `id-${++id}`,
    ...over,
  });
}
