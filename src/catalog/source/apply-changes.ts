// Applies a batch of a source's changes inside a transaction that the caller holds: from the position held to the batch's, or not at
// all. A batch again, late or out of order changes nothing.

import type { Database } from 'better-sqlite3';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import {
  type Change,
  type ChangeBatch,
  ENTITY_KINDS,
  type EntityKind,
  hasCome,
  leadsOn,
  type SourcePosition,
} from '../../domain/change.ts';
import { type AnyChange, EntityWriter } from '../entities/entity-writer.ts';
import type { LeftOut } from '../outcome/left-out.ts';
import { type HeldBack, shrinkOf } from '../outcome/shrink-guard.ts';
import { TABLE_OF } from '../tables/entity-tables.ts';
import { readSourcePosition, writeSourcePosition } from '../tables/source-position.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';

/** How a source is followed. */
export interface FollowOptions {
  /** Removes however much the source says. */
  readonly allowShrink: boolean;
}

/** What became of a source's batch or snapshot. */
export type Followed =
  | {
      readonly kind: 'applied';
      readonly position: SourcePosition;
      /** Entities that were written or deleted. */
      readonly changed: number;
      readonly leftOut: readonly LeftOut[];
    }
  /** It does not go on from where this catalog stands: a snapshot is needed. */
  | { readonly kind: 'gap'; readonly held: SourcePosition | undefined }
  | HeldBack
  | WriteRefusal;

/** Applies a batch. */
export function applyChanges(
  db: Database,
  tables: WriterTables,
  log: StructureLog,
  batch: ChangeBatch,
  { allowShrink }: FollowOptions,
): Ended<Followed> {
  const { to, changes } = batch;
  const held = readSourcePosition(db);
  if (held !== undefined && hasCome(held, to))
    return { commit: false, result: { kind: 'applied', position: held, changed: 0, leftOut: [] } };
  if (held === undefined || !leadsOn(held, batch)) return { commit: false, result: { kind: 'gap', held } };
  const byKind = Map.groupBy(changes, ({ kind }) => kind);
  const heldBack = allowShrink ? undefined : shrinkOfBatch(db, byKind);
  if (heldBack !== undefined) return { commit: false, result: heldBack };
  const writer = new EntityWriter({ db, tables, log });
  writeChanges(writer, byKind);
  writer.finish();
  writeSourcePosition(db, to);
  return {
    commit: true,
    result: { kind: 'applied', position: to, changed: changes.length, leftOut: writer.leftOut },
  };
}

/** Changes of a source that has no history of its own: those that are gone, then the others, parents before children. */
export function applySource(
  db: Database,
  tables: WriterTables,
  log: StructureLog,
  changes: readonly AnyChange[],
): Ended<{ readonly kind: 'applied'; readonly leftOut: readonly LeftOut[] }> {
  const writer = new EntityWriter({ db, tables, log });
  writeChanges(
    writer,
    Map.groupBy(changes, ({ kind }) => kind),
  );
  writer.finish();
  return { commit: true, result: { kind: 'applied', leftOut: writer.leftOut } };
}

function writeChanges(writer: EntityWriter, byKind: ReadonlyMap<EntityKind, readonly AnyChange[]>): void {
  const each = (kinds: readonly EntityKind[], visit: (change: AnyChange) => void) => {
    for (const kind of kinds) for (const change of byKind.get(kind) ?? []) visit(change);
  };
  each(ENTITY_KINDS.toReversed(), ({ kind, id, entity }) => {
    if (entity === null) writer.delete(kind, id);
  });
  each(ENTITY_KINDS, ({ kind, id, entity }) => {
    if (entity !== null) writer.release(kind, id);
  });
  each(ENTITY_KINDS, (change) => writer.put(change));
}

function shrinkOfBatch(db: Database, byKind: ReadonlyMap<EntityKind, readonly Change[]>): HeldBack | undefined {
  const removedOf = (kind: EntityKind) => {
    const gone = (byKind.get(kind) ?? []).filter(({ entity }) => entity === null);
    const isHere = db.prepare(`SELECT 1 FROM ${TABLE_OF[kind]} WHERE id = ?`);
    return gone.filter(({ id }) => isHere.get(id) !== undefined).length;
  };
  return shrinkOf(removedOf, (kind) => {
    return db.prepare<[], number>(`SELECT count(*) FROM ${TABLE_OF[kind]}`).pluck().get() ?? 0;
  });
}
