// Where in its source's history this catalog stands, in the `meta` row. It is written with what came from there, never apart from it.

import type { Database } from 'better-sqlite3';
import type { SourcePosition } from '../../domain/change.ts';

/** Undefined for a catalog that has followed no source. */
export function readSourcePosition(db: Database): SourcePosition | undefined {
  const row = db
    .prepare<[], { epoch: string | null; sequence: number | null }>(
      'SELECT source_epoch AS epoch, source_sequence AS sequence FROM meta',
    )
    .get();
  const { epoch = null, sequence = null } = row ?? {};
  return epoch === null || sequence === null ? undefined : { epoch, sequence };
}

/** Remembers how far the source was followed. */
export function writeSourcePosition(db: Database, { epoch, sequence }: SourcePosition): void {
  db.prepare('UPDATE meta SET source_epoch = ?, source_sequence = ?').run(epoch, sequence);
}
