// Remembers token decisions in this process, bounded in bytes. Refusals have a small segment of their own, so that a flood of bad
// tokens cannot displace proofs; and no key manager's proofs take more than half while others need the room.

import { LRUCache } from 'lru-cache';
import type { TokenDecisionCache } from '../authorize/ports.ts';
import type { TokenDecision } from '../domain/token.ts';

/** Bounds of the memory. */
export interface TokenDecisionsOptions {
  /** For proofs. */
  readonly maxBytes: number;
  /** For refusals. */
  readonly maxRefusalBytes: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
}

interface Entry {
  readonly decision: TokenDecision;
  readonly expiresAtMs: number;
  readonly bytes: number;
  readonly owner: string;
  /** Since it was last looked at for being displaced by another of its owner. */
  isUsed: boolean;
}

/** The proofs of one key manager in the order in which they are looked at for being displaced. */
interface Share {
  bytes: number;
  readonly keys: Set<string>;
}

/** Least recently used go first. */
export class TokenDecisions implements TokenDecisionCache {
  readonly #options: TokenDecisionsOptions;
  readonly #proofs: LRUCache<string, Entry>;
  readonly #refusals: LRUCache<string, Entry>;
  readonly #shares = new Map<string, Share>();

  constructor(options: TokenDecisionsOptions) {
    this.#options = options;
    const sizeCalculation = ({ bytes }: Entry) => bytes;
    this.#proofs = new LRUCache({
      maxSize: options.maxBytes,
      sizeCalculation,
      dispose: (entry, key) => this.#release(key, entry),
    });
    this.#refusals = new LRUCache({ maxSize: options.maxRefusalBytes, sizeCalculation });
  }

  get(key: string): TokenDecision | undefined {
    const entry = this.#proofs.get(key) ?? this.#refusals.get(key);
    if (entry === undefined) return undefined;
    if (entry.expiresAtMs <= this.#options.clock()) {
      this.#proofs.delete(key);
      this.#refusals.delete(key);
      return undefined;
    }
    entry.isUsed = true;
    return entry.decision;
  }

  set(key: string, decision: TokenDecision, expiresAtMs: number, bytes: number): void {
    // One key, one decision: what was known before must not come back when the newer one is displaced.
    this.#proofs.delete(key);
    this.#refusals.delete(key);
    if (decision.kind !== 'proved') {
      this.#refusals.set(key, { decision, expiresAtMs, bytes, owner: '', isUsed: false });
      return;
    }
    const owner = decision.facts.keyManagerId;
    if (bytes > this.#options.maxBytes) return;
    this.#makeRoom(owner, bytes);
    const share = this.#shares.get(owner) ?? { bytes: 0, keys: new Set() };
    this.#shares.set(owner, share);
    share.bytes += bytes;
    share.keys.add(key);
    this.#proofs.set(key, { decision, expiresAtMs, bytes, owner, isUsed: false });
  }

  /** A key manager that would hold more than half of a full memory displaces its own proofs; everybody else's stay. */
  #makeRoom(owner: string, bytes: number): void {
    const share = this.#shares.get(owner);
    if (share === undefined) return;
    const { maxBytes } = this.#options;
    for (const key of share.keys) {
      if (this.#proofs.calculatedSize + bytes <= maxBytes || share.bytes + bytes <= maxBytes / 2) return;
      const entry = this.#proofs.peek(key);
      // One in use goes to the end of the line. It is not put there with each use: a Set that one key leaves and enters over and over
      // finds it ever more slowly.
      if (entry?.isUsed === true) {
        entry.isUsed = false;
        share.keys.delete(key);
        share.keys.add(key);
      } else this.#proofs.delete(key);
    }
  }

  #release(key: string, { owner, bytes }: Entry): void {
    const share = this.#shares.get(owner);
    if (share === undefined) return;
    share.keys.delete(key);
    share.bytes -= bytes;
    if (share.keys.size === 0) this.#shares.delete(owner);
  }
}
