// A hub's history and a follower's copy in memory, for tests of what lies between the two.

import type { Change, SourcePosition } from '../../../src/domain/change.ts';
import { GroupWriter } from '../../../src/sync/changes/change-lines.ts';
import type { ChangeSink, ChangeTexts } from '../../../src/sync/changes/change-ports.ts';

/** A scope, the simplest of all entities. */
export function scopeChange(id: string, description = ''): Change {
  const organization = 'carbon.super';
  const entity = { id, organization, name: id, displayName: id, description, roles: [], version: 1 };
  return { kind: 'scope', id, entity };
}

/** A history that tests write to. */
export interface MemoryHistory extends ChangeTexts {
  write(...changes: readonly Change[]): void;
  /** As a restore from a backup does: another history, with these entities. */
  restore(epoch: string, ...changes: readonly Change[]): void;
  /** As a start of the hub does: the history goes on under another name. */
  begin(epoch: string): void;
  /** Forgets what was deleted before now. */
  forget(): void;
  /** Snapshots that are open. */
  readonly open: () => number;
  /** Batches that were read. */
  readonly begun: () => number;
  readonly rows: () => readonly Change[];
}

/** Starts with no entity at sequence 1. */
export function memoryHistory(partSize = 2): MemoryHistory {
  let epoch = 'first';
  let sequence = 1;
  let horizon = 0;
  let open = 0;
  let begun = 0;
  const ended = new Map<string, number>();
  const last = new Map<string, { readonly change: Change; readonly sequence: number }>();
  const rows = () => [...last.values()].map(({ change }) => change).filter(({ entity }) => entity !== null);
  const write = (changes: readonly Change[]) => {
    sequence += 1;
    for (const change of changes) last.set(`${change.kind} ${change.id}`, { change, sequence });
  };
  return {
    position: () => ({ epoch, sequence }),
    async after(position) {
      const end = position.epoch === epoch ? sequence : (ended.get(position.epoch) ?? Number.NEGATIVE_INFINITY);
      if (position.sequence > end || position.sequence < horizon) return 'gone';
      if (position.epoch === epoch && position.sequence === sequence) return 'current';
      begun += 1;
      const to = { epoch, sequence };
      const found = [...last.values()].filter((one) => one.sequence > position.sequence);
      return {
        text: groupOf(
          position,
          to,
          found.map(({ change }) => change),
        ),
        to,
      };
    },
    async *everything() {
      const group = new GroupWriter();
      const all = rows();
      open += 1;
      try {
        yield group.snapshot({ epoch, sequence });
        for (let at = 0; at < all.length; at += partSize) yield group.changes(all.slice(at, at + partSize));
        yield group.end();
      } finally {
        open -= 1;
      }
    },
    rows,
    write: (...changes) => write(changes),
    restore(name, ...changes) {
      epoch = name;
      last.clear();
      write(changes);
    },
    begin(name) {
      ended.set(epoch, sequence);
      epoch = name;
    },
    forget: () => {
      horizon = sequence;
    },
    open: () => open,
    begun: () => begun,
  };
}

/** A copy that tests look at. */
export interface MemoryCopy extends ChangeSink {
  readonly rows: () => ReadonlyMap<string, Change>;
  /** Commits so far. */
  readonly commits: () => number;
  /** Copies in the making. */
  readonly staged: () => number;
  /** Switches. */
  readonly faults: { busy: boolean; unfit: boolean; heldBack: boolean; unreadable: boolean };
}

/** Empty, without a position. */
export function memoryCopy(): MemoryCopy {
  let rows = new Map<string, Change>();
  let position: SourcePosition | undefined;
  let commits = 0;
  let staged = 0;
  const faults = { busy: false, unfit: false, heldBack: false, unreadable: false };
  return {
    rows: () => rows,
    commits: () => commits,
    staged: () => staged,
    faults,
    position: () => {
      if (faults.unreadable) throw new Error('disk I/O error');
      return position;
    },
    async stage(from, to) {
      if (faults.busy) return 'busy';
      const taken: Change[] = [];
      staged += 1;
      return {
        add: async (changes) => {
          taken.push(...changes);
          return true;
        },
        discard: async () => {
          staged -= 1;
        },
        commit: async (allowShrink) => {
          staged -= 1;
          if (faults.unfit && from !== null) return 'unfit';
          if (faults.heldBack && from === null && !allowShrink) return 'held_back';
          const next = from === null ? new Map<string, Change>() : new Map(rows);
          for (const change of taken)
            if (change.entity === null) next.delete(`${change.kind} ${change.id}`);
            else next.set(`${change.kind} ${change.id}`, change);
          rows = next;
          position = to;
          commits += 1;
          return 'committed';
        },
      };
    },
  };
}

function groupOf(from: SourcePosition, to: SourcePosition, changes: readonly Change[]): string {
  const group = new GroupWriter();
  return group.batch(from, to) + group.changes(changes) + group.end();
}
