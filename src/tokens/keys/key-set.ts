// The keys of one key manager at one time, however they were published.

import { createHash } from 'node:crypto';
import type { VerificationKey } from './verification-key.ts';

/** In the order published; no key at all only where a server says that it has none. */
export interface KeySet {
  readonly keys: readonly VerificationKey[];
  readonly thumbprints: ReadonlySet<string>;
  /** Changes exactly when the keys or what is said of them change, not with their order. */
  readonly digest: string;
}

/** A key set of these keys. */
export function keySetOf(keys: readonly VerificationKey[]): KeySet {
  const described = keys.map(({ thumbprint, kid, alg, x5t, x5tS256, issuer }) =>
    JSON.stringify([thumbprint, kid, alg, x5t, x5tS256, issuer]),
  );
  return {
    keys,
    thumbprints: new Set(keys.map((key) => key.thumbprint)),
    digest: createHash('sha256').update(described.sort().join('\n')).digest('base64url'),
  };
}
