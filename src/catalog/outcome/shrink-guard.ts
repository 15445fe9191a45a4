// Holds back what would remove a large part of the catalog: a source that is suddenly empty is more often broken than right.

import { ENTITY_KINDS, type EntityKind } from '../../domain/change.ts';
import { isLargeLoss } from '../../domain/large-loss.ts';

/** How many of a kind there are, and how many would go. */
export interface ShrinkCount {
  readonly kind: EntityKind;
  readonly present: number;
  readonly removed: number;
}

/** Nothing was changed: an admin has to allow it. */
export interface HeldBack {
  readonly kind: 'held_back';
  readonly counts: readonly ShrinkCount[];
}

/** The kinds of which too many would go; undefined when none is. Revocations end by themselves and are not counted. */
export function shrinkOf(
  removedOf: (kind: EntityKind) => number,
  presentOf: (kind: EntityKind) => number,
): HeldBack | undefined {
  const counts = ENTITY_KINDS.filter((kind) => kind !== 'revocation').flatMap((kind) => {
    const removed = removedOf(kind);
    return isLargeLoss(removed, () => presentOf(kind)) ? [{ kind, present: presentOf(kind), removed }] : [];
  });
  return counts.length === 0 ? undefined : { kind: 'held_back', counts };
}
