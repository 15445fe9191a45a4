// A local copy in memory, for tests of sources: as strict as the catalog in what hangs on what, and able to refuse.

import { ENTITY_KINDS, type EntityKind } from '../../src/domain/change.ts';
import type { SourceChange, SourceEntities } from '../../src/domain/source-change.ts';
import { emptyImage, type Image } from '../../src/sync/comparison/image.ts';
import type { Applied, ChangeOrigin, LocalCopy } from '../../src/sync/comparison/local-copy.ts';

/** The copy. */
export class MemoryCopy implements LocalCopy {
  readonly image: Image = emptyImage();
  /** Origin and count of each write. */
  readonly writes: { readonly origin: ChangeOrigin; readonly changes: readonly SourceChange[] }[] = [];
  /** Refuses every write with this. */
  refusal: string | undefined;

  async apply(changes: readonly SourceChange[], origin: ChangeOrigin): Promise<Applied> {
    if (this.refusal !== undefined) return { kind: 'refused', problem: this.refusal };
    for (const change of changes) this.#apply(change);
    this.writes.push({ origin, changes });
    return { kind: 'applied' };
  }

  find<K extends EntityKind>(kind: K, id: string): SourceEntities[K] | undefined {
    return (this.image[kind] as Map<string, SourceEntities[K]>).get(id);
  }

  *pages<K extends EntityKind>(kind: K): Iterable<readonly SourceEntities[K][]> {
    const all = [...(this.image[kind] as Map<string, SourceEntities[K]>).values()];
    for (let at = 0; at < all.length; at += 7) yield all.slice(at, at + 7);
  }

  /** Everything but counts of writes, for comparisons. */
  content(): Readonly<Record<string, readonly unknown[]>> {
    return Object.fromEntries(
      ENTITY_KINDS.map((kind) => [
        kind,
        [...this.image[kind].values()]
          .map((entity) =>
            'revision' in entity ? { ...entity, revision: 0 } : 'number' in entity ? { ...entity, version: 0 } : entity,
          )
          .map((entity) => (kind === 'scope' ? { ...entity, version: 0 } : entity))
          .toSorted((a, b) => (a.id < b.id ? -1 : 1)),
      ]),
    );
  }

  #apply({ kind, id, entity }: SourceChange): void {
    const { api, application, key_manager, key_mapping, subscription } = this.image;
    if (entity !== null) {
      if (kind === 'subscription' && !(api.has(entity.apiId) && application.has(entity.applicationId))) return;
      if (kind === 'key_mapping' && !(application.has(entity.applicationId) && key_manager.has(entity.keyManagerId)))
        return;
      (this.image[kind] as Map<string, unknown>).set(id, entity);
      return;
    }
    this.image[kind].delete(id);
    for (const [child, row] of subscription)
      if ((kind === 'api' && row.apiId === id) || (kind === 'application' && row.applicationId === id))
        subscription.delete(child);
    for (const [child, row] of key_mapping)
      if ((kind === 'key_manager' && row.keyManagerId === id) || (kind === 'application' && row.applicationId === id))
        key_mapping.delete(child);
  }
}
