// Tells a source that lost something from one that was tidied up: a comparison that would remove a large part of any kind, or all of it,
// must be confirmed by somebody.

import type { EntityKind } from '../../domain/change.ts';
import { isLargeLoss } from '../../domain/large-loss.ts';
import type { Comparison } from './compare-copy.ts';

/** A kind that would shrink too much. */
export interface Shrinkage {
  readonly kind: EntityKind;
  readonly here: number;
  readonly removed: number;
}

/** The kinds that would lose more than ten and more than a fifth of their rows, or their last one. */
export function suspiciousShrinkage({ byKind }: Comparison): readonly Shrinkage[] {
  return (Object.keys(byKind) as EntityKind[]).flatMap((kind) => {
    const { here, there, removed } = byKind[kind];
    const all = removed > 0 && there === 0;
    return all || isLargeLoss(removed, () => here) ? [{ kind, here, removed }] : [];
  });
}
