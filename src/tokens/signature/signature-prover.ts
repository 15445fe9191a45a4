// Proves a JWT by the keys of its key manager: algorithm, keys, signature. The first sight of a token costs CPU, and each key manager
// has a budget of it.

import type { Admission } from '../../authorize/ports.ts';
import { deny, fault, isRefusal, type Refusal } from '../../domain/decision.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import { SIGNATURE_ALGORITHMS, sameAlgorithm } from '../../domain/signature-algorithm.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import { tenantOf } from '../claims/read-claims.ts';
import type { KeyChoice } from '../keys/held-keys.ts';
import { keysOfIssuer } from '../keys/select-keys.ts';
import type { VerificationKey } from '../keys/verification-key.ts';
import { verifySignature } from './verify-signature.ts';

/** What a signature prover works with. */
export interface SignatureProverOptions {
  readonly admission: Pick<Admission, 'prove'>;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds that only go forward. */
  readonly stopwatch: () => number;
}

/** Verifies signatures within the budgets of key managers. */
export class SignatureProver {
  readonly #options: SignatureProverOptions;

  constructor(options: SignatureProverOptions) {
    this.#options = options;
  }

  /** The key of `choice` that signed the token, or why there is none. The algorithm has been checked. */
  prove(token: UnprovedJwt, choice: KeyChoice, keyManager: KeyManager): VerificationKey | Refusal {
    if (isRefusal(choice)) return choice;
    const keys = keyManager.checksKeyIssuer
      ? keysOfIssuer(choice.keys, token, tenantOf(token.issuer, keyManager.tenancy))
      : choice.keys;
    if (keys.length === 0) return deny('key_not_found', { problem: 'key_of_another_issuer' });
    const { admission, clock, stopwatch } = this.#options;
    const began = stopwatch();
    const leave = admission.prove(keyManager.id, clock());
    if (leave.kind === 'refused')
      return fault('key_manager_limit_reached', { key_manager: keyManager.name, limit: 'proofs' });
    const alg = String(token.header['alg']);
    let key: VerificationKey | undefined;
    try {
      key = verifySignature(token.text, alg, keys);
    } finally {
      leave.done('ok', stopwatch() - began);
    }
    return key ?? deny('signature_invalid', { alg, keys_tried: keys.length });
  }
}

/** RFC 8725 §3.1: the key manager's settings choose, the token only asks. */
export function checkAlgorithm(token: UnprovedJwt, keyManager: KeyManager): Refusal | 'passed' {
  const alg = token.header['alg'];
  if (
    typeof alg === 'string' &&
    SIGNATURE_ALGORITHMS.has(alg) &&
    keyManager.algorithms.some((one) => sameAlgorithm(one, alg))
  )
    return 'passed';
  return deny('algorithm_not_allowed', { alg: String(alg).slice(0, 32), allowed: keyManager.algorithms });
}
