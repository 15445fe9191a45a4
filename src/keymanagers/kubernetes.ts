// Service account tokens of a Kubernetes cluster: a preset of `CustomKeyManager`.

import { IDENTITY_TOKENS } from './identity-tokens.ts';
import type { KeyManagerType } from './key-manager-type.ts';

/** Preset `kubernetes`. */
export const KUBERNETES: KeyManagerType = {
  ...IDENTITY_TOKENS,
  preset: 'kubernetes',
  displayName: 'Kubernetes service accounts',
  consumerKeyClaims: ['sub'],
  algorithms: ['RS256', 'ES256'],
  requiredClaims: ['aud', 'sub', 'kubernetes.io'],
  discovery: '{issuer}/.well-known/openid-configuration',
  issuerDifferences: [
    {
      url: 'https://<server>/.well-known/openid-configuration',
      issuer: 'https://kubernetes.default.svc',
      why: 'The API server is asked at an address of its own; the issuer is the cluster’s.',
    },
    {
      url: 'https://<server>/.well-known/openid-configuration',
      issuer: 'https://kubernetes.default.svc.cluster.local',
      why: 'The API server is asked at an address of its own; the issuer is the cluster’s.',
    },
  ],
  notes:
    'The consumer key is `system:serviceaccount:{namespace}:{name}`. The key set may need additionalProperties.jwks.authorizationFile (in the catalog file) and tls.ca.',
  quirks: [
    {
      what: 'Tokens of secrets (issuer `kubernetes/serviceaccount`) never expire.',
      why: 'They have no `exp` and are refused; use projected tokens.',
    },
    {
      what: 'The key set is often readable with a service account token only.',
      why: 'authorizationFile is read anew for each fetch.',
    },
  ],
};
