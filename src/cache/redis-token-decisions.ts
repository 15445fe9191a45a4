// Token decisions shared through Redis. The caller's key says what a decision is bound to; here it is only stored and sealed.

import type { SharedTokenDecision, SharedTokenDecisions } from '../authorize/ports.ts';
import type { TokenDecision } from '../domain/token.ts';
import type { SealedValues } from './sealed-values.ts';

/** Largest sealed decision; one with more claims than that is proved again by each. */
export const MAX_DECISION_BYTES = 16_384;

/** Never keeps that a key manager could not be asked: that is one process's trouble, for a moment. */
export class RedisTokenDecisions implements SharedTokenDecisions {
  readonly #values: SealedValues;

  constructor(values: SealedValues) {
    this.#values = values;
  }

  async get(key: string): Promise<SharedTokenDecision | undefined> {
    const found = await this.#values.get(key);
    // JSON leaves out what is undefined, and an absent member reads as undefined.
    return found && { decision: found.value as TokenDecision, expiresAtMs: found.expiresAtMs };
  }

  set(key: string, decision: TokenDecision, expiresAtMs: number): void {
    if (decision.kind === 'unavailable') return;
    const endMs = decision.kind === 'proved' ? Math.min(expiresAtMs, decision.facts.expiresAt * 1000) : expiresAtMs;
    this.#values.set(key, decision, endMs);
  }
}
