// The signature stage: does one of these keys verify this compact JWS? Nothing else is judged here.

import { compactVerify, errors } from 'jose';
import type { VerificationKey } from './verification-key.ts';

/** The first key that verifies, undefined when none does. Rejects only on a defect: keys must fit `alg` (see `selectKeys`). */
export async function verifySignature(
  text: string,
  alg: string,
  keys: readonly VerificationKey[],
): Promise<VerificationKey | undefined> {
  for (const key of keys) {
    try {
      await compactVerify(text, key.publicKey, { algorithms: [alg] });
      return key;
    } catch (error) {
      if (!(error instanceof errors.JOSEError)) throw error;
    }
  }
  return undefined;
}
