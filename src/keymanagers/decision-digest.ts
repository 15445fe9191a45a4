// One text for all that changes what a token is worth at a key manager: part of every key under which a decision is remembered.
// No secret goes into it, since it is seen by others; a secret changes who may ask, not what a token says.

import { createHash } from 'node:crypto';
import { canonicalJson } from '../domain/canonical-json.ts';
import type { Introspection } from '../domain/introspection.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import { splitSecrets } from '../domain/secret-fields.ts';

/** Of names, rules, audiences, limits and switches nothing is in it: those are looked at for each request. */
export function decisionDigest(keyManager: Omit<KeyManager, 'digest'>): string {
  const { ca, serverName, clientCert } = keyManager.connection;
  const { keys, introspection } = keyManager;
  const relevant = {
    issuers: keyManager.issuers.toSorted(),
    tenancy: keyManager.tenancy,
    checksKeyIssuer: keyManager.checksKeyIssuer,
    selfValidateJwt: keyManager.selfValidateJwt,
    keys: keys.kind === 'jwks' ? { ...keys, urls: keys.urls.toSorted() } : keys,
    introspection: introspection && openPartOf(introspection),
    connection: { ca, serverName, clientCert },
    algorithms: keyManager.algorithms.toSorted(),
    consumerKeyClaims: keyManager.consumerKeyClaims,
    scopesClaims: keyManager.scopesClaims,
    scopesFromNames: keyManager.scopesFromNames,
    claimMapping: keyManager.claimMapping,
    audienceClaim: keyManager.audienceClaim,
    profile: keyManager.profile,
    acceptedTyp: keyManager.acceptedTyp?.toSorted(),
    requiredClaims: keyManager.requiredClaims.toSorted(),
    marks: keyManager.marks,
    unverifiableHeaders: keyManager.unverifiableHeaders,
    clockSkewSeconds: keyManager.clockSkewSeconds,
    maxLifetimeSeconds: keyManager.maxLifetimeSeconds,
  };
  return createHash('sha256')
    .update(canonicalJson(relevant) ?? '')
    .digest('hex');
}

/** Whom is asked, as whom, and how the answer is read; headers may name a tenant, so they count unless they sound secret. */
function openPartOf({ auth, headers, timeoutMs: _timeoutMs, ...rest }: Introspection) {
  return {
    ...rest,
    auth: { kind: auth.kind, clientId: 'clientId' in auth ? auth.clientId : null },
    headers: splitSecrets(headers).masked,
  };
}
