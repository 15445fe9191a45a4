// Reads tokens and proves them, with a memory in front: a JWT by the keys of its key manager, an opaque token by asking for it, a
// JWT of a key manager without self-validation by both. What can be told at once is; what cannot is waited for, within limits.

import type { Admission, Budget, SharedTokenDecisions, TokenDecisionCache, Tokens } from '../authorize/ports.ts';
import { deny, fault, isRefusal, type Refusal } from '../domain/decision.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { OpaqueToken, TokenDecision, UnprovedJwt, UnprovedToken } from '../domain/token.ts';
import { readClaims } from './claims/read-claims.ts';
import type { ClaimedFacts } from './claims/read-facts.ts';
import type { Introspector } from './introspection/introspector.ts';
import { mergeFacts } from './introspection/merge-facts.ts';
import { RecentlyActive } from './introspection/recently-active.ts';
import type { KeySets } from './key-sets/key-sets.ts';
import type { KeyChoice } from './keys/held-keys.ts';
import type { VerificationKey } from './keys/verification-key.ts';
import { DecisionMemory, isProvedByKey } from './memory/decision-memory.ts';
import { TokenReadings } from './reading/token-readings.ts';
import { checkAlgorithm, SignatureProver } from './signature/signature-prover.ts';

/** What a prover works with. */
export interface TokenProverOptions {
  readonly keySets: KeySets;
  readonly introspector: Pick<Introspector, 'ask'>;
  readonly admission: Pick<Admission, 'prove' | 'wait'>;
  readonly cache: TokenDecisionCache;
  /** Undefined: nothing is shared. */
  readonly shared: SharedTokenDecisions | undefined;
  /** What is shared: `auto`, what is dearer to find out than to look up; see {@link DEAR_ALGORITHMS}. */
  readonly sharing: 'auto' | 'always' | 'never';
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds that only go forward. */
  readonly stopwatch: () => number;
  /** How long a proof by key is remembered at most; never past `exp`. */
  readonly proofTtlMs: number;
  /** How long a bad signature is remembered at most. */
  readonly refusalTtlMs: number;
  /** How long a reply that refuses a token is remembered at most. */
  readonly introspectionRefusalTtlMs: number;
}

/**
 * Verifying these takes 500 µs and 1 ms, and a round trip to a Redis near by 300 µs, most of them waiting; all others take 200 µs at
 * most (see `verify-signature.ts`).
 */
const DEAR_ALGORITHMS: ReadonlySet<unknown> = new Set(['ES384', 'ES512']);

/** Proves tokens; nothing it returns a promise for rejects. */
export class TokenProver implements Tokens {
  readonly #options: TokenProverOptions;
  readonly #memory: DecisionMemory;
  readonly #signatures: SignatureProver;
  readonly #readings = new TokenReadings();
  readonly #active = new RecentlyActive();
  readonly #flights = new Map<string, Promise<TokenDecision>>();

  constructor(options: TokenProverOptions) {
    this.#options = options;
    this.#memory = new DecisionMemory({
      ...options,
      shared: options.sharing === 'never' ? undefined : options.shared,
    });
    this.#signatures = new SignatureProver(options);
  }

  read(credential: string): UnprovedToken | Refusal {
    return this.#readings.read(credential);
  }

  prove(
    token: UnprovedToken,
    keyManager: KeyManager,
    nowMs: number,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision> {
    try {
      const key = this.#memory.keyOf(token, keyManager);
      const known = this.#memory.recall(key, token, keyManager, nowMs);
      if (known !== undefined) return known;
      if (token.kind === 'opaque') return this.#introspect(key, token, undefined, keyManager, budget);
      // The claims first, since they cost nothing.
      const alg = checkAnyAlgorithm(token, keyManager);
      if (isRefusal(alg)) return decided(alg);
      const claimed = readClaims(token, keyManager, nowMs);
      if (isRefusal(claimed)) return decided(claimed);
      return keyManager.selfValidateJwt
        ? this.#proveByKey(key, token, claimed, keyManager, nowMs, budget)
        : this.#introspect(key, token, claimed, keyManager, budget);
    } catch (error) {
      return defect(error);
    }
  }

  /** At once where the key is at hand and nobody else is asked. */
  #proveByKey(
    key: string,
    token: UnprovedJwt,
    claimed: ClaimedFacts,
    keyManager: KeyManager,
    nowMs: number,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision> {
    const { clock, keySets, proofTtlMs, shared, sharing } = this.#options;
    const isShared =
      shared !== undefined &&
      (sharing === 'always' || (sharing === 'auto' && DEAR_ALGORITHMS.has(token.header['alg'])));
    const verify = (choice: KeyChoice): TokenDecision => {
      const proof = this.#signatures.prove(token, choice, keyManager);
      if (isRefusal(proof)) return this.#unproved(key, proof, choice, claimed, keyManager);
      const decision = proved(claimed, token, proof);
      const untilMs = clock() + proofTtlMs;
      if (isShared) this.#memory.share(key, token, keyManager, decision, untilMs);
      else this.#memory.keep(key, decision, untilMs);
      return decision;
    };
    if (isShared)
      return this.#wait(key, keyManager, budget, async () => {
        const known = await this.#memory.recallShared(key, token, keyManager);
        return known ?? verify(await keySets.find(token, keyManager, clock()));
      });
    const choice = keySets.find(token, keyManager, nowMs);
    return choice instanceof Promise
      ? this.#wait(key, keyManager, budget, async () => verify(await choice))
      : verify(choice);
  }

  /** A JWT of a key manager that has keys must be signed by one of them, whatever the reply says: not every server looks. */
  #introspect(
    key: string,
    token: UnprovedJwt | OpaqueToken,
    claimed: ClaimedFacts | undefined,
    keyManager: KeyManager,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision> {
    const { clock, introspectionRefusalTtlMs, introspector, keySets } = this.#options;
    const { introspection } = keyManager;
    if (introspection === null) return decided(deny('opaque_token_unsupported', { key_manager: keyManager.name }));
    return this.#wait(key, keyManager, budget, async () => {
      const known = await this.#memory.recallShared(key, token, keyManager);
      if (known !== undefined) return known;
      let signer: VerificationKey | undefined;
      if (token.kind === 'jwt' && isProvedByKey(token, keyManager)) {
        const choice = await keySets.find(token, keyManager, clock());
        const proof = this.#signatures.prove(token, choice, keyManager);
        if (isRefusal(proof)) return this.#unproved(key, proof, choice, claimed, keyManager);
        signer = proof;
      }
      const asked = claimed === undefined ? introspection : { ...introspection, requireExp: false };
      const reply = await introspector.ask(token.text, asked, keyManager, this.#active.has(key));
      const facts = isRefusal(reply) ? reply : mergeFacts(claimed, reply);
      if (isRefusal(facts)) {
        const refusal = decided(facts);
        const untilMs = clock() + introspectionRefusalTtlMs;
        if (facts.reason === 'token_inactive') this.#memory.share(key, token, keyManager, refusal, untilMs);
        else if (facts.outcome === 'deny') this.#memory.keep(key, refusal, untilMs);
        return refusal;
      }
      this.#active.note(key);
      const decision = proved(facts, token, signer);
      this.#memory.share(key, token, keyManager, decision, clock() + introspection.ttlMs);
      return decision;
    });
  }

  /**
   * A bad signature is remembered for the set that the keys came from, not for one that arrived meanwhile; and no longer than the
   * claims would let it come to that.
   */
  #unproved(
    key: string,
    refusal: Refusal,
    choice: KeyChoice,
    claimed: ClaimedFacts | undefined,
    { clockSkewSeconds }: KeyManager,
  ): TokenDecision {
    const decision = decided(refusal);
    if (decision.kind !== 'refused' || decision.reason !== 'signature_invalid' || isRefusal(choice)) return decision;
    const { clock, refusalTtlMs } = this.#options;
    const expiresAtMs = ((claimed?.expiresAt ?? Number.POSITIVE_INFINITY) + clockSkewSeconds) * 1000;
    const remembered = { ...decision, keySet: choice.setDigest };
    this.#memory.keep(key, remembered, Math.min(clock() + refusalTtlMs, expiresAtMs));
    return decision;
  }

  /** One flight for all who wait for the same; it goes on when one of them gives up. Whoever waits needs leave. */
  #wait(
    key: string,
    keyManager: KeyManager,
    budget: Budget,
    start: () => Promise<TokenDecision>,
  ): TokenDecision | Promise<TokenDecision> {
    const leave = this.#options.admission.wait(keyManager.id);
    if (leave.kind === 'refused')
      return decided(fault('key_manager_limit_reached', { key_manager: keyManager.name, limit: 'waiting' }));
    let flight = this.#flights.get(key);
    if (flight === undefined) {
      flight = start()
        .catch(defect)
        .finally(() => this.#flights.delete(key));
      this.#flights.set(key, flight);
    }
    return this.#withinBudget(flight, budget)
      .finally(() => leave.done('ok'))
      .catch(defect);
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

/** Where keys prove, the key manager's list; where only its server does, anything it calls a signature. */
function checkAnyAlgorithm(token: UnprovedJwt, keyManager: KeyManager): Refusal | 'passed' {
  if (isProvedByKey(token, keyManager)) return checkAlgorithm(token, keyManager);
  const alg = String(token.header['alg']);
  return alg.toLowerCase() === 'none' ? deny('algorithm_not_allowed', { alg: 'none' }) : 'passed';
}

/**
 * The key's name is the one that its publisher gave it: whoever holds a stolen key may leave its `kid` out, and a revocation by that
 * must hit all the same. Of a key that was published without a name the token's own word counts.
 */
function proved(claimed: ClaimedFacts, token: UnprovedToken, signer: VerificationKey | undefined): TokenDecision {
  const said = token.kind === 'jwt' && signer !== undefined ? token.header['kid'] : undefined;
  const keyId = signer?.kid ?? (typeof said === 'string' ? said : undefined);
  return { kind: 'proved', facts: { ...claimed, keyThumbprint: signer?.thumbprint, keyId } };
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
