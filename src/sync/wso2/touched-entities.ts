// What events changed while an image was being read: for these the image may be too old, so a comparison with it leaves them alone, and
// what hangs on them too.

import type { SourceChange } from '../../domain/source-change.ts';

/** Remembers them during one comparison. */
export class TouchedEntities {
  readonly #keys = new Set<string>();
  #wasInTheWay = false;

  /** True when a change was left out: there is something left to compare. */
  get wasInTheWay(): boolean {
    return this.#wasInTheWay;
  }

  note(changes: readonly SourceChange[]): void {
    for (const { kind, id } of changes) this.#keys.add(`${kind} ${id}`);
  }

  /** The changes that may be made. */
  without(changes: readonly SourceChange[]): readonly SourceChange[] {
    if (this.#keys.size === 0) return changes;
    const free = changes.filter((change) => !this.#concerns(change));
    if (free.length < changes.length) this.#wasInTheWay = true;
    return free;
  }

  #concerns({ kind, id, entity }: SourceChange): boolean {
    if (this.#keys.has(`${kind} ${id}`)) return true;
    if (entity === null) return false;
    if (kind === 'subscription')
      return this.#keys.has(`application ${entity.applicationId}`) || this.#keys.has(`api ${entity.apiId}`);
    if (kind === 'key_mapping')
      return (
        this.#keys.has(`application ${entity.applicationId}`) || this.#keys.has(`key_manager ${entity.keyManagerId}`)
      );
    if (kind !== 'api' || entity.keyManagers === 'all') return false;
    return entity.keyManagers.some((keyManager) => this.#keys.has(`key_manager ${keyManager}`));
  }
}
