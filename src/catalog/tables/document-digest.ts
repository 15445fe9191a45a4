// The digest of the catalog document that was applied last, as the `meta` row keeps it. Keyed, as those of its fields are.

import { fingerprint } from '../../sealing/secret-sealer.ts';

/** What is kept of an applied document, to know it again: the digest of its text would let guesses at its secrets be checked. */
export function documentDigest(fingerprintKey: string, digest: string): string {
  return fingerprint(fingerprintKey, ['catalog'], digest);
}
