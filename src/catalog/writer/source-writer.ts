// The writer as those see it who keep this catalog as a copy of a source: batches, snapshots, each in force as a whole or not at all.

import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { Change, ChangeBatch, SourcePosition } from '../../domain/change.ts';
import type { AnyChange } from '../entities/entity-writer.ts';
import type { LeftOut } from '../outcome/left-out.ts';
import type { Followed, FollowOptions } from '../source/apply-changes.ts';
import type { SnapshotOptions } from '../source/incoming-snapshot.ts';
import type { Saved } from './catalog-transactions.ts';
import type { SendWrite } from './writer-message.ts';

/** Sends a source's changes to the writer's thread. */
export class SourceWriter {
  readonly #write: SendWrite;

  constructor(write: SendWrite) {
    this.#write = write;
  }

  /**
   * Applies a batch of the source that this catalog follows, with its position, in one transaction. `gap` when it does not go on from
   * the position held; a batch that was applied already is `applied` again and changes nothing.
   */
  applyChanges(batch: ChangeBatch, options: FollowOptions): Promise<Followed> {
    return this.#write('applyChanges', batch, options);
  }

  /**
   * Applies changes of a source that has no history: in one transaction, what is gone first, then parents before children. What hangs
   * on an entity that is gone goes with it.
   */
  applySource(
    changes: readonly AnyChange[],
  ): Promise<{ readonly kind: 'applied'; readonly leftOut: readonly LeftOut[] } | WriteRefusal> {
    return this.#write('applySource', changes);
  }

  /**
   * Begins to gather what changed after `from`, or, where that is null, a source's whole content, beside what is here. What was gathered
   * before and not committed is dropped.
   */
  stage(from: SourcePosition | null, to: SourcePosition, options: SnapshotOptions = {}): Promise<Saved | WriteRefusal> {
    return this.#write('stage', from, to, options);
  }

  /** Adds changes, some hundred at a time. */
  addStaged(changes: readonly Change[]): Promise<Saved | WriteRefusal> {
    return this.#write('addStaged', changes);
  }

  /** Puts all of them in force with their position, in one transaction. What is held back stays gathered. */
  commitStaged(options: FollowOptions): Promise<Followed> {
    return this.#write('commitStaged', options);
  }

  /** Forgets what was gathered. */
  discardStaged(): Promise<Saved | WriteRefusal> {
    return this.#write('discardStaged');
  }

  /** All of that at once: takes a source's whole content over, or, when the source breaks off, nothing of it. */
  async replaceAll(
    position: SourcePosition,
    batches: AsyncIterable<readonly Change[]> | Iterable<readonly Change[]>,
    options: FollowOptions & SnapshotOptions,
  ): Promise<Followed> {
    const { kinds, allowShrink } = options;
    const begun = await this.stage(null, position, kinds === undefined ? {} : { kinds });
    if (begun.kind === 'refused') return begun;
    for await (const batch of batches) {
      const added = await this.addStaged(batch);
      if (added.kind === 'refused') return added;
    }
    return this.commitStaged({ allowShrink });
  }
}
