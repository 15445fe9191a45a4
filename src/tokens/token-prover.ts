// Reads tokens and proves them: the claims first, since they cost nothing, then the signature, with a memory in front. A remembered
// proof counts only while its key is still published and its times still hold; a remembered refusal only for the same keys.

import { createHash } from 'node:crypto';
import type { Budget, TokenDecisionCache, Tokens } from '../authorize/ports.ts';
import { deny, fault, isRefusal, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import { SIGNATURE_ALGORITHMS, sameAlgorithm } from '../domain/signature-algorithm.ts';
import type { TokenDecision, UnprovedJwt, UnprovedToken } from '../domain/token.ts';
import { checkTimes } from './check-times.ts';
import type { KeySets } from './key-sets.ts';
import { type ClaimedFacts, readClaims } from './read-claims.ts';
import { readToken } from './read-token.ts';
import { verifySignature } from './verify-signature.ts';

/** Map entry, key and object headers of a remembered decision, roughly. */
const ENTRY_OVERHEAD_BYTES = 512;

/** What a prover works with. */
export interface TokenProverOptions {
  readonly keySets: KeySets;
  readonly cache: TokenDecisionCache;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** How long a proof is remembered at most; never past `exp`. */
  readonly proofTtlMs: number;
  /** How long a bad signature is remembered at most. */
  readonly refusalTtlMs: number;
}

/** Proves JWTs with the published keys of their key manager. */
export class TokenProver implements Tokens {
  readonly #options: TokenProverOptions;
  readonly #flights = new Map<string, Promise<TokenDecision>>();

  constructor(options: TokenProverOptions) {
    this.#options = options;
  }

  read(credential: string): UnprovedToken | Refusal {
    return readToken(credential);
  }

  prove(
    token: UnprovedToken,
    keyManager: KeyManager,
    nowMs: number,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision> {
    try {
      if (token.kind === 'opaque') return decided(deny('opaque_token_unsupported', { key_manager: keyManager.name }));
      return this.#prove(token, keyManager, nowMs, budget);
    } catch (error) {
      return defect(error);
    }
  }

  #prove(
    token: UnprovedJwt,
    keyManager: KeyManager,
    nowMs: number,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision> {
    const { cache, keySets } = this.#options;
    if (!keyManager.selfValidateJwt) return decided(deny('opaque_token_unsupported', { key_manager: keyManager.name }));
    const key = memoryKey([keyManager.id, keyManager.digest, token.hash]);
    const known = cache.get(key);
    if (
      known?.kind === 'proved' &&
      known.facts.keyThumbprint !== undefined &&
      keySets.holds(keyManager, known.facts.keyThumbprint, nowMs) &&
      checkTimes(known.facts, keyManager, nowMs) === 'passed'
    )
      return known;
    const alg = checkAlgorithm(token, keyManager);
    if (isRefusal(alg)) return decided(alg);
    const claimed = readClaims(token, keyManager, nowMs);
    if (isRefusal(claimed)) return decided(claimed);
    const refusalKey = memoryKey([keyManager.id, keyManager.digest, token.hash, keySets.digest(keyManager, nowMs)]);
    const refused = cache.get(refusalKey);
    if (refused?.kind === 'refused') return refused;
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = this.#verify(token, alg, claimed, keyManager, nowMs, key)
        .catch(defect)
        .finally(() => this.#flights.delete(key));
      this.#flights.set(key, flight);
    }
    return this.#withinBudget(flight, budget);
  }

  /** One for all who ask for this token at the same time; goes on when one of them gives up. */
  async #verify(
    token: UnprovedJwt,
    alg: string,
    claimed: ClaimedFacts,
    keyManager: KeyManager,
    nowMs: number,
    proofKey: string,
  ): Promise<TokenDecision> {
    const { cache, clock, keySets, proofTtlMs, refusalTtlMs } = this.#options;
    const found = await keySets.find(token, keyManager, nowMs);
    if (isRefusal(found)) return decided(found);
    const { keys, setDigest } = found;
    const key = await verifySignature(token.text, alg, keys);
    if (key === undefined) {
      const refusal = decided(deny('signature_invalid', { alg, keys_tried: keys.length }));
      // Remembered for the set that the keys came from, not for one that arrived meanwhile.
      const refusalKey = memoryKey([keyManager.id, keyManager.digest, token.hash, setDigest]);
      cache.set(refusalKey, refusal, clock() + refusalTtlMs, ENTRY_OVERHEAD_BYTES);
      return refusal;
    }
    const proof: TokenDecision = { kind: 'proved', facts: { ...claimed, keyThumbprint: key.thumbprint } };
    const expiresAtMs = Math.min(claimed.expiresAt * 1000, clock() + proofTtlMs);
    if (expiresAtMs > clock()) cache.set(proofKey, proof, expiresAtMs, sizeOf(claimed));
    return proof;
  }

  async #withinBudget(flight: Promise<TokenDecision>, budget: Budget): Promise<TokenDecision> {
    const late = Promise.withResolvers<TokenDecision>();
    const leftMs = budget.deadlineMs - this.#options.clock();
    const timer = setTimeout(() => late.resolve(decided(fault('deadline_exceeded', { waiting_for: 'proof' }))), leftMs);
    const decision = await Promise.race([flight, late.promise]);
    clearTimeout(timer);
    return decision;
  }
}

/** RFC 8725 §3.1: the key manager's settings choose, the token only asks. */
function checkAlgorithm(token: UnprovedJwt, keyManager: KeyManager): string | Refusal {
  const alg = token.header['alg'];
  if (
    typeof alg === 'string' &&
    SIGNATURE_ALGORITHMS.has(alg) &&
    keyManager.algorithms.some((one) => sameAlgorithm(one, alg))
  )
    return alg;
  return deny('algorithm_not_allowed', { alg: String(alg).slice(0, 32), allowed: keyManager.algorithms });
}

function decided(refusal: Refusal): TokenDecision {
  const { evidence } = refusal;
  return refusal.outcome === 'deny'
    ? { kind: 'refused', reason: refusal.reason, evidence }
    : { kind: 'unavailable', reason: refusal.reason, evidence };
}

/** An error's message may quote what it choked on; its name cannot. */
function defect(error: unknown): TokenDecision {
  return decided(fault('internal_error', { error: error instanceof Error ? error.name : typeof error }));
}

/** Parts are length-prefixed: no choice of parts can spell another's key. */
function memoryKey(parts: readonly string[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:${part}`);
  return hash.digest('base64url');
}

function sizeOf(facts: ClaimedFacts): number {
  const texts = [facts.issuer, facts.subject, facts.consumerKey, facts.jti, ...facts.scopes, ...facts.audiences];
  return texts.reduce((sum, text) => sum + 2 * (text?.length ?? 0) + 16, ENTRY_OVERHEAD_BYTES);
}
