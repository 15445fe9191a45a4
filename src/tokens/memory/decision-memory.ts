// What was found out about tokens, remembered in this process and, where that is worth it, shared with the fleet. Bound to what a
// token is and to the settings of one key manager, never to what a request asks. What a key proved holds while that key is in the set.

import { hash } from 'node:crypto';
import type { SharedTokenDecisions, TokenDecisionCache } from '../../authorize/ports.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { TokenDecision, TokenFacts, UnprovedToken } from '../../domain/token.ts';
import { checkTimes } from '../claims/check-times.ts';
import type { KeySets } from '../key-sets/key-sets.ts';
import { hasTokenFactsShape } from './token-facts-shape.ts';

/** Map entries, key and objects of a remembered decision, roughly. */
const ENTRY_OVERHEAD_BYTES = 640;
const TEXT_OVERHEAD_BYTES = 24;

/** What a memory works with. */
export interface DecisionMemoryOptions {
  readonly keySets: Pick<KeySets, 'holds' | 'digest'>;
  readonly cache: TokenDecisionCache;
  /** Undefined: nothing is shared. */
  readonly shared: SharedTokenDecisions | undefined;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

/** Remembers decisions by key; see {@link DecisionMemory.keyOf}. */
export class DecisionMemory {
  readonly #options: DecisionMemoryOptions;
  /** Every request asks; settings that did not change are the same object. */
  readonly #settings = new WeakMap<KeyManager, string>();

  constructor(options: DecisionMemoryOptions) {
    this.#options = options;
  }

  /**
   * Names what is remembered here: a token under one key manager's settings. Each part is a digest of fixed length, so no choice of
   * parts can spell another's key.
   */
  keyOf({ hash, kind }: UnprovedToken, keyManager: KeyManager): string {
    let settings = this.#settings.get(keyManager);
    if (settings === undefined) {
      settings = digestOf([keyManager.id, keyManager.digest]);
      this.#settings.set(keyManager, settings);
    }
    return settings + (kind === 'jwt' ? 'j' : 'o') + hash;
  }

  /** What this process knows and may still say. */
  recall(key: string, token: UnprovedToken, keyManager: KeyManager, nowMs: number): TokenDecision | undefined {
    const known = this.#options.cache.get(key);
    if (known?.kind === 'proved') return this.#holds(known.facts, token, keyManager, nowMs) ? known : undefined;
    if (known?.kind !== 'refused' || known.keySet === undefined) return known;
    return known.keySet === this.#options.keySets.digest(keyManager, nowMs) ? known : undefined;
  }

  /** What another of the fleet knows and this one may say too; from then on it is known here, and counts no longer than there. */
  async recallShared(key: string, token: UnprovedToken, keyManager: KeyManager): Promise<TokenDecision | undefined> {
    const { clock, shared } = this.#options;
    const found = await shared?.get(fleetKey(token, keyManager));
    const nowMs = clock();
    if (found === undefined || !(found.expiresAtMs > nowMs)) return undefined;
    const sound = soundDecision(found.decision, keyManager);
    const decision = sound && withKeyManagerId(sound, fleetNameOf(keyManager), keyManager.id);
    if (decision === undefined) return undefined;
    if (decision.kind === 'proved' && !this.#holds(decision.facts, token, keyManager, nowMs)) return undefined;
    this.keep(key, decision, found.expiresAtMs);
    return decision;
  }

  /** Remembers here, for as long as the token is valid and no longer than told. */
  keep(key: string, decision: TokenDecision, expiresAtMs: number): void {
    const { cache, clock } = this.#options;
    const untilMs = withinLife(decision, expiresAtMs);
    if (untilMs > clock()) cache.set(key, decision, untilMs, sizeOf(decision));
  }

  /** Remembers here and tells the fleet. */
  share(key: string, token: UnprovedToken, keyManager: KeyManager, decision: TokenDecision, expiresAtMs: number): void {
    const { clock, shared } = this.#options;
    this.keep(key, decision, expiresAtMs);
    const untilMs = withinLife(decision, expiresAtMs);
    const told = withKeyManagerId(decision, keyManager.id, fleetNameOf(keyManager));
    if (told !== undefined && untilMs > clock()) shared?.set(fleetKey(token, keyManager), told, untilMs);
  }

  /** A token that must be proved by a key counts only by one that is still in the set; any other never had one. */
  #holds(facts: TokenFacts, token: UnprovedToken, keyManager: KeyManager, nowMs: number): boolean {
    if (facts.keyManagerId !== keyManager.id || checkTimes(facts, keyManager, nowMs) !== 'passed') return false;
    const { keyThumbprint } = facts;
    return isProvedByKey(token, keyManager)
      ? keyThumbprint !== undefined && this.#options.keySets.holds(keyManager, keyThumbprint, nowMs)
      : keyThumbprint === undefined;
  }
}

/** True when no token of this form counts without a signature of the key manager, whatever an introspection reply says. */
export function isProvedByKey(token: UnprovedToken, keyManager: KeyManager): boolean {
  return token.kind === 'jwt' && (keyManager.selfValidateJwt || keyManager.keys.kind !== 'none');
}

/** Parts are length-prefixed: no choice of them gives another's digest. */
function digestOf(parts: readonly string[]): string {
  return hash('sha256', parts.map((part) => `${part.length}:${part}`).join(''), 'base64url');
}

/** What a key manager is called in all of the fleet: each installation may have given it an id of its own. */
function fleetNameOf({ organization, name }: KeyManager): string {
  return JSON.stringify([organization, name]);
}

/** As {@link DecisionMemory.keyOf}, the same in all of the fleet. */
function fleetKey(token: UnprovedToken, keyManager: KeyManager): string {
  return digestOf([fleetNameOf(keyManager), keyManager.digest, token.kind, token.hash]);
}

/** The decision with the one id in place of the other; undefined for facts about any other key manager. */
function withKeyManagerId(decision: TokenDecision, from: string, to: string): TokenDecision | undefined {
  if (decision.kind !== 'proved') return decision;
  return decision.facts.keyManagerId === from
    ? { kind: 'proved', facts: { ...decision.facts, keyManagerId: to } }
    : undefined;
}

/** Of what comes back only facts in full, and that a token is inactive; every other refusal is found out anew. */
function soundDecision(decision: TokenDecision, keyManager: KeyManager): TokenDecision | undefined {
  if (decision.kind === 'proved') return hasTokenFactsShape(decision.facts) ? decision : undefined;
  return decision.kind === 'refused' && decision.reason === 'token_inactive'
    ? { kind: 'refused', reason: 'token_inactive', evidence: { key_manager: keyManager.name } }
    : undefined;
}

function withinLife(decision: TokenDecision, expiresAtMs: number): number {
  return decision.kind === 'proved' ? Math.min(expiresAtMs, decision.facts.expiresAt * 1000) : expiresAtMs;
}

function sizeOf(decision: TokenDecision): number {
  if (decision.kind !== 'proved') return ENTRY_OVERHEAD_BYTES;
  const { issuer, subject, consumerKey, jti, keyId, scopes, audiences, claims } = decision.facts;
  const own = sizeOfText(issuer) + sizeOfText(subject) + sizeOfText(consumerKey) + sizeOfText(jti) + sizeOfText(keyId);
  let bytes = ENTRY_OVERHEAD_BYTES + own;
  for (const scope of scopes) bytes += sizeOfText(scope);
  for (const audience of audiences) bytes += sizeOfText(audience);
  for (const name of Object.keys(claims)) bytes += sizeOfText(name) + sizeOfText(claims[name]);
  return bytes;
}

function sizeOfText(text: string | undefined): number {
  return TEXT_OVERHEAD_BYTES + 2 * (text?.length ?? 0);
}
