// Which kinds of entities were written since: what is remembered of the others still holds.

import type { Database } from 'better-sqlite3';
import type { EntityKind } from '../../domain/change.ts';

/** Kinds of entities and entries that were written; undefined where that cannot be told, and anything may have been. */
export type ChangedKinds = ReadonlySet<EntityKind | 'revocation'> | undefined;

/** Where the catalog's log of changes stands. */
export interface LogPosition {
  readonly revision: number;
  /** Deletions up to this revision have left the log. */
  readonly horizon: number;
}

/** Changes that are looked through; with more of them forgetting is cheaper, as an import writes thousands at once. */
const MAX_CHANGES = 100;

/** Reads the log of one connection. */
export function changedKindsReader(db: Database): (from: number | undefined, to: LogPosition) => ChangedKinds {
  const since = db
    .prepare<[number], EntityKind | 'revocation'>(
      `SELECT kind FROM change_log WHERE revision > ? LIMIT ${MAX_CHANGES + 1}`,
    )
    .pluck();
  return (from, { revision, horizon }) => {
    // Whoever writes behind the catalog's back raises no revision: one that stayed where it was says nothing.
    if (from === undefined || revision <= from || from < horizon) return undefined;
    const kinds = since.all(from);
    return kinds.length > MAX_CHANGES ? undefined : new Set(kinds);
  };
}
