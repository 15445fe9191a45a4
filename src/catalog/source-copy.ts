// The copy of a control plane of another product, as its source compares it and writes it: entities whole, key managers with their
// secrets in the clear for as long as that takes.

import type { EntityByKind, EntityKind } from '../domain/change.ts';
import type { CatalogEntities } from './catalog-entities.ts';
import type { AnyChange, ClearKeyManager } from './entity-writer.ts';
import type { SourceWriter } from './source-writer.ts';

/** An entity of such a source. */
export type ClearEntities = Omit<EntityByKind, 'key_manager'> & { readonly key_manager: ClearKeyManager };

/** Gets told what could not stand beside the rest. */
export type ReportLeftOut = (
  leftOut: readonly { readonly kind: EntityKind; readonly id: string; readonly why: string }[],
) => void;

/** Reads and writes the copy. */
export class SourceCopy {
  readonly #entities: CatalogEntities;
  readonly #writer: SourceWriter;
  readonly #report: ReportLeftOut;

  constructor(entities: CatalogEntities, writer: SourceWriter, report: ReportLeftOut) {
    this.#entities = entities;
    this.#writer = writer;
    this.#report = report;
  }

  /** In one transaction. What hangs on an entity that is gone goes with it. Never rejects. */
  async apply(
    changes: readonly AnyChange[],
  ): Promise<{ readonly kind: 'applied' } | { readonly kind: 'refused'; readonly problem: string }> {
    const result = await this.#writer.applySource(changes);
    if (result.kind === 'refused')
      return { kind: 'refused', problem: result.fields.map(({ message }) => message).join('; ') };
    if (result.leftOut.length > 0) this.#report(result.leftOut);
    return { kind: 'applied' };
  }

  /** The entity of this id, from the newest revision. */
  find<K extends EntityKind>(kind: K, id: string): ClearEntities[K] | undefined {
    return this.#entities.find(kind, id);
  }

  /** All entities of a kind in pages, each read by itself so that others get their turn between two. */
  pages<K extends EntityKind>(kind: K): Iterable<readonly ClearEntities[K][]> {
    return this.#entities.pages(kind);
  }
}
