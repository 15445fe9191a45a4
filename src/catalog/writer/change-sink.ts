// The copy that a follower keeps, as it writes it: what comes is gathered beside what is in force, then committed as a whole.

import type { Change, SourcePosition } from '../../domain/change.ts';
import type { CatalogLists } from '../lists/catalog-lists.ts';
import type { ReportCatalogEvent } from '../outcome/catalog-event.ts';
import type { SourceWriter } from './source-writer.ts';

/** What became of what was gathered: `unfit` does not go on from what is here. */
export type Committed = 'committed' | 'unfit' | 'held_back' | 'busy';

/** Changes that came, and are not in force. */
export interface GatheredChanges {
  /** False where they cannot be kept. */
  add(changes: readonly Change[]): Promise<boolean>;
  commit(allowShrink: boolean): Promise<Committed>;
  discard(): Promise<void>;
}

/** Entities that are named when they are left out. */
const NAMED = 5;

/** Writes what a hub sends. One follower at a time. */
export class ChangeSink {
  readonly #lists: CatalogLists;
  readonly #writer: SourceWriter;
  readonly #report: ReportCatalogEvent;

  constructor(lists: CatalogLists, writer: SourceWriter, report: ReportCatalogEvent) {
    this.#lists = lists;
    this.#writer = writer;
    this.#report = report;
  }

  /** Where the copy stands; undefined until a first snapshot is there. */
  position(): SourcePosition | undefined {
    return this.#lists.sourcePosition();
  }

  /** Begins to gather what changed after `from`, or everything where that is null. */
  async stage(from: SourcePosition | null, to: SourcePosition): Promise<GatheredChanges | 'busy'> {
    const writer = this.#writer;
    if ((await writer.stage(from, to)).kind === 'refused') return 'busy';
    return {
      add: async (changes) => (await writer.addStaged(changes)).kind === 'saved',
      commit: async (allowShrink) => {
        const followed = await writer.commitStaged({ allowShrink });
        if (followed.kind === 'gap') return 'unfit';
        if (followed.kind === 'refused') return 'busy';
        if (followed.kind === 'held_back') {
          this.#report(followed);
          return followed.kind;
        }
        const { leftOut } = followed;
        if (leftOut.length > 0)
          this.#report({ kind: 'left_out', count: leftOut.length, first: leftOut.slice(0, NAMED) });
        return 'committed';
      },
      discard: async () => {
        await writer.discardStaged();
      },
    };
  }
}
