// What a follower reads of this catalog: its position, the changes since one, and everything at one. A connection of its own, so that
// any thread may have one; it never writes and never holds a writer up.

import type { Database, Statement } from 'better-sqlite3';
import {
  type Change,
  type ChangeBatch,
  ENTITY_KINDS,
  type EntityKind,
  type SourcePosition,
} from '../../domain/change.ts';
import { openForReading } from '../database/open-database.ts';
import { contentRevision } from '../tables/content-revision.ts';
import { EntityTables } from '../tables/entity-tables.ts';
import { ContentDigest } from './content-digest.ts';

interface LogRow {
  readonly kind: EntityKind;
  readonly id: string;
  readonly gone: number;
  readonly revision: number;
}

/** A part of what was asked for; all parts are of one position. */
export interface HistoryPart {
  readonly position: SourcePosition;
  readonly changes: readonly Change[];
}

/** Reads for followers over one connection. Throws when the file cannot be read. */
export class CatalogFeed {
  /** The catalog's database. */
  readonly file: string;
  readonly #db: Database;
  readonly #entities: EntityTables;
  readonly #meta: Statement<[], SourcePosition & { readonly horizon: number }>;
  readonly #since: Statement<[number, number], LogRow>;
  readonly #after: Statement<[number, string, string, number], LogRow>;
  readonly #count: Statement<[number, number], number>;
  readonly #runEnd: Statement<[string], number>;

  constructor(file: string) {
    this.file = file;
    this.#db = openForReading(file);
    this.#entities = new EntityTables(this.#db);
    this.#meta = this.#db.prepare(
      `SELECT epoch || '.' || (SELECT name FROM run ORDER BY number DESC LIMIT 1) AS epoch, revision AS sequence,
       change_horizon AS horizon FROM meta`,
    );
    this.#since = this.#db.prepare('SELECT kind, id, gone, revision FROM change_log WHERE revision > ? LIMIT ?');
    this.#after = this.#db.prepare(
      `SELECT kind, id, gone, revision FROM change_log WHERE (revision, kind, id) > (?, ?, ?)
       ORDER BY revision, kind, id LIMIT ?`,
    );
    this.#count = this.#db
      .prepare<[number, number], number>('SELECT count(*) FROM (SELECT 1 FROM change_log WHERE revision > ? LIMIT ?)')
      .pluck();
    // Up to where the next run began, or up to now.
    this.#runEnd = this.#db
      .prepare<[string], number>(
        `SELECT coalesce((SELECT first_revision FROM run AS next WHERE next.number > run.number ORDER BY number LIMIT 1),
         (SELECT revision FROM meta)) FROM run WHERE (SELECT epoch FROM meta) || '.' || name = ?`,
      )
      .pluck();
  }

  /** Where the catalog's history stands now. */
  position(): SourcePosition {
    const { epoch, sequence } = this.#read();
    return { epoch, sequence };
  }

  /** The revision of what people wrote, which a document that is applied may expect. */
  contentRevision(): string {
    return contentRevision(this.#db);
  }

  /**
   * All changes since a position, up to now: applied together they make the catalog of now, with no state in between that never was.
   * `too_far` where there are more than `limit`, where deletions since then are not known any more, or where the position is of
   * another history: only a snapshot helps.
   */
  changesSince(from: SourcePosition, limit: number): ChangeBatch | 'too_far' {
    return this.#db.transaction((): ChangeBatch | 'too_far' => {
      const { epoch, sequence, horizon } = this.#read();
      if (!this.#isOurs(from) || from.sequence < horizon) return 'too_far';
      const rows = this.#since.all(from.sequence, limit + 1);
      if (rows.length > limit) return 'too_far';
      return { from, to: { epoch, sequence }, changes: rows.map((row) => this.#changeOf(row)) };
    })();
  }

  /** The same, read in parts, for however many there are up to `limit`. Other reads must wait for its end. */
  *changesIn(from: SourcePosition, limit: number, partSize: number): Generator<HistoryPart, 'too_far' | undefined> {
    this.#db.exec('BEGIN');
    try {
      const { epoch, sequence, horizon } = this.#read();
      if (!this.#isOurs(from) || from.sequence < horizon) return 'too_far';
      if ((this.#count.get(from.sequence, limit + 1) ?? 0) > limit) return 'too_far';
      const position = { epoch, sequence };
      const next = (last: LogRow) => this.#after.all(last.revision, last.kind, last.id, partSize);
      const start = { kind: '', id: '', gone: 0, revision: from.sequence + 1 } as unknown as LogRow;
      for (let rows = next(start); rows.length > 0; rows = next(rows.at(-1) ?? start))
        yield { position, changes: rows.map((row) => this.#changeOf(row)) };
      return undefined;
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /** Everything, kind by kind, parents before children, in parts; all of the position of the first. Other reads must wait for its end. */
  *snapshot(partSize: number): Generator<HistoryPart> {
    this.#db.exec('BEGIN');
    try {
      const position = this.position();
      for (const kind of ENTITY_KINDS) yield* this.#partsOf(kind, position, partSize);
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /** Everything of one kind, in parts of one moment. Other reads must wait for its end. */
  *entities(kind: EntityKind, partSize: number): Generator<HistoryPart> {
    this.#db.exec('BEGIN');
    try {
      yield* this.#partsOf(kind, this.position(), partSize);
    } finally {
      this.#db.exec('COMMIT');
    }
  }

  /** A digest of everything that followers have too: equal for equal contents, in whatever order they came about. */
  digest(): { readonly position: SourcePosition; readonly digest: string } {
    const digest = new ContentDigest();
    let position = this.position();
    for (const part of this.snapshot(DIGEST_PART)) {
      position = part.position;
      for (const { kind, id, entity } of part.changes) digest.add(kind, id, entity);
    }
    return { position, digest: digest.text() };
  }

  /** Ends the connection. */
  close(): void {
    this.#db.close();
  }

  *#partsOf(kind: EntityKind, position: SourcePosition, partSize: number): Generator<HistoryPart> {
    const next = (after: string) => this.#entities.idsAfter(kind, after, partSize);
    for (let ids = next(''); ids.length > 0; ids = next(ids.at(-1) ?? ''))
      yield { position, changes: ids.map((id) => changeOf(kind, id, this.#entities.read(kind, id))) };
  }

  #changeOf({ kind, id, gone }: LogRow): Change {
    return changeOf(kind, id, gone === 1 ? undefined : this.#entities.read(kind, id));
  }

  /** False for what was never here: another history, the future, and what was written to a file of which this is an older image. */
  #isOurs({ epoch, sequence }: SourcePosition): boolean {
    return sequence <= (this.#runEnd.get(epoch) ?? Number.NEGATIVE_INFINITY);
  }

  #read(): SourcePosition & { readonly horizon: number } {
    const row = this.#meta.get();
    if (row === undefined) throw new Error('the catalog has no meta row');
    return row;
  }
}

/** Entities whose digests are summed up at a time. */
const DIGEST_PART = 1000;

function changeOf(kind: EntityKind, id: string, entity: unknown): Change {
  return { kind, id, entity: entity ?? null } as Change;
}
