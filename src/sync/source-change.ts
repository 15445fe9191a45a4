// What a source that is no Gatehouse gives, and what it needs of the local copy: entities whole, secrets in the clear for the writer to
// seal, and reads to compare with. Implemented by `catalog`, passed in by app.ts.

import type { JudgedKeyManager } from '../domain/catalog-facts.ts';
import type { EntityByKind, EntityKind } from '../domain/change.ts';

/** A key manager as another product's control plane gives it. Its secrets are in the clear: never log it. */
export interface SourceKeyManager extends JudgedKeyManager {
  readonly id: string;
  readonly organization: string;
}

/** An entity of a source by its kind. Versions and revisions are the source's guess; the writer's own count. */
export type SourceEntities = Omit<EntityByKind, 'key_manager'> & { readonly key_manager: SourceKeyManager };

/** An entity as the source has it, or that it is gone. Applying it twice changes nothing more. */
export type SourceChange = {
  readonly [K in EntityKind]: { readonly kind: K; readonly id: string; readonly entity: SourceEntities[K] | null };
}[EntityKind];

/** Where changes come from: one thing that happened, or the comparison with all that there is. */
export type ChangeOrigin = 'event' | 'reconcile';

/** What came of changes: all of them are in force for the next request, or none of them is. */
export type Applied = { readonly kind: 'applied' } | { readonly kind: 'refused'; readonly problem: string };

/** The local copy. */
export interface LocalCopy {
  /** In one transaction, in this order. What hangs on an entity that is gone goes with it. Never rejects. */
  apply(changes: readonly SourceChange[], origin: ChangeOrigin): Promise<Applied>;
  /** The entity of this id, from the newest revision. */
  find<K extends EntityKind>(kind: K, id: string): SourceEntities[K] | undefined;
  /** All entities of a kind in pages, each read by itself so that others get their turn between two. */
  pages<K extends EntityKind>(kind: K): Iterable<readonly SourceEntities[K][]>;
}
