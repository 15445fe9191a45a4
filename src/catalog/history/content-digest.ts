// A digest of a catalog's content that does not depend on the order in which it is read: to tell whether a follower has what its hub has.

import { createHash } from 'node:crypto';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { EntityKind } from '../../domain/change.ts';

const LANES = 4;

/**
 * Sums up the digests of entities. It finds what went missing or differs by accident; it proves nothing about a peer that cheats.
 * Revocations are left out: a process may have made one that did not spread yet.
 */
export class ContentDigest {
  readonly #sums = new BigUint64Array(LANES);

  /** Adds an entity; each once. */
  add(kind: EntityKind, id: string, entity: unknown): void {
    if (kind === 'revocation') return;
    const bytes = createHash('sha256')
      .update(canonicalJson([kind, id, entity]) ?? '')
      .digest();
    for (let lane = 0; lane < LANES; lane++)
      this.#sums[lane] = (this.#sums[lane] ?? 0n) + bytes.readBigUInt64LE(lane * 8);
  }

  /** The digest of what was added so far. */
  text(): string {
    return [...this.#sums].map((sum) => sum.toString(16).padStart(16, '0')).join('');
  }
}
