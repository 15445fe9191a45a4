// The copy of a control plane of another product, as its source compares it and writes it: entities whole, key managers with their
// secrets in the clear for as long as that takes.

import type { EntityKind } from '../../domain/change.ts';
import type { SourceEntities } from '../../domain/source-change.ts';
import type { AnyChange } from '../entities/entity-writer.ts';
import type { CatalogEntities } from '../lists/catalog-entities.ts';
import type { SourceWriter } from './source-writer.ts';

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
  find<K extends EntityKind>(kind: K, id: string): SourceEntities[K] | undefined {
    return this.#entities.find(kind, id);
  }

  /** All entities of a kind in pages, each read by itself so that others get their turn between two. */
  pages<K extends EntityKind>(kind: K): Iterable<readonly SourceEntities[K][]> {
    return this.#entities.pages(kind);
  }
}
