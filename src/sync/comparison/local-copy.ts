// The local copy that a source keeps up to date, as the source sees it. Implemented by `catalog`, passed in by app.ts.

import type { EntityKind } from '../../domain/change.ts';
import type { SourceChange, SourceEntities } from '../../domain/source-change.ts';

/** Where changes come from: one thing that happened, or the comparison with all that there is. */
export type ChangeOrigin = 'event' | 'reconcile';

/** What came of changes: all of them are in force for the next request, or none of them is. */
export type Applied = { readonly kind: 'applied' } | { readonly kind: 'refused'; readonly problem: string };

/** The local copy. */
export interface LocalCopy {
  /**
   * In one transaction. What hangs on an entity that is gone goes with it; an entity that cannot stand beside the others is left out, and
   * so denied. Never rejects.
   */
  apply(changes: readonly SourceChange[], origin: ChangeOrigin): Promise<Applied>;
  /** The entity of this id, from the newest revision. */
  find<K extends EntityKind>(kind: K, id: string): SourceEntities[K] | undefined;
  /** All entities of a kind in pages, each read by itself so that others get their turn between two. */
  pages<K extends EntityKind>(kind: K): Iterable<readonly SourceEntities[K][]>;
}
