// A source's whole content as it comes in, gathered in a file beside the catalog: only what differs from what is here is kept of it.
// What is here goes on ruling until one transaction puts the difference in its place; a crash before that changes nothing.

import { rmSync } from 'node:fs';
import type { Database } from 'better-sqlite3';
import { canonicalJson } from '../../domain/canonical-json.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import { type Change, ENTITY_KINDS, type EntityKind, type SourcePosition } from '../../domain/change.ts';
import { createPrivately } from '../database/writer-lock.ts';
import { EntityWriter } from '../entities/entity-writer.ts';
import { refuse } from '../outcome/refuse.ts';
import { shrinkOf } from '../outcome/shrink-guard.ts';
import { EntityTables, TABLE_OF } from '../tables/entity-tables.ts';
import { writeSourcePosition } from '../tables/source-position.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import type { Followed, FollowOptions } from './apply-changes.ts';

/** What a snapshot is of. */
export interface SnapshotOptions {
  /** Kinds that the source has; the others stay as they are. All unless given. */
  readonly kinds?: readonly EntityKind[];
}

/** Entities that are read at a time. */
const PAGE = 1000;

/** At most one is gathered at a time. */
export class IncomingSnapshot {
  readonly #db: Database;
  readonly #file: string;
  #gathering:
    | { readonly position: SourcePosition; readonly kinds: readonly EntityKind[]; readonly entities: EntityTables }
    | undefined;

  constructor(db: Database) {
    this.#db = db;
    this.#file = `${db.name}.incoming`;
    // What a crash left behind.
    this.drop();
  }

  /** Begins anew. */
  begin(position: SourcePosition, { kinds = ENTITY_KINDS }: SnapshotOptions): void {
    this.drop();
    createPrivately(this.#file);
    this.#db.prepare('ATTACH ? AS incoming').run(this.#file);
    // It is thrown away after a crash, so it need not survive one.
    this.#db.pragma('incoming.journal_mode = OFF');
    this.#db.pragma('incoming.synchronous = OFF');
    this.#db.exec(
      'CREATE TABLE incoming.entity (kind TEXT, id TEXT, body TEXT, PRIMARY KEY (kind, id)) STRICT, WITHOUT ROWID',
    );
    this.#gathering = { position, kinds, entities: new EntityTables(this.#db) };
  }

  /** Takes entities in; of those that are here already only the ids are kept. */
  add(changes: readonly Change[]): { readonly kind: 'saved' } | WriteRefusal {
    const gathering = this.#gathering;
    if (gathering === undefined) return NOT_BEGUN;
    const insert = this.#db.prepare('INSERT OR REPLACE INTO incoming.entity VALUES (?, ?, ?)');
    this.#db.exec('BEGIN');
    try {
      for (const { kind, id, entity } of changes) {
        if (entity === null || !gathering.kinds.includes(kind)) continue;
        const body = JSON.stringify(entity);
        insert.run(kind, id, isSame(gathering.entities.read(kind, id), entity, body) ? null : body);
      }
      this.#db.exec('COMMIT');
    } finally {
      if (this.#db.inTransaction) this.#db.exec('ROLLBACK');
    }
    return { kind: 'saved' };
  }

  /** Puts the difference in the place of what is here, inside a transaction that the caller holds. */
  take(tables: WriterTables, log: StructureLog, { allowShrink }: FollowOptions): Ended<Followed> {
    const gathering = this.#gathering;
    if (gathering === undefined) return { commit: false, result: NOT_BEGUN };
    const { kinds, position } = gathering;
    const gone = new Map(kinds.map((kind) => [kind, this.#goneOf(kind)]));
    const heldBack = allowShrink
      ? undefined
      : shrinkOf(
          (kind) => gone.get(kind)?.length ?? 0,
          (kind) => this.#db.prepare<[], number>(`SELECT count(*) FROM main.${TABLE_OF[kind]}`).pluck().get() ?? 0,
        );
    if (heldBack !== undefined) return { commit: false, result: heldBack };
    const db = this.#db;
    const writer = new EntityWriter({ db, tables, log });
    let changed = 0;
    for (const kind of ENTITY_KINDS.toReversed())
      for (const id of gone.get(kind) ?? []) {
        writer.delete(kind, id);
        changed++;
      }
    this.#eachChanged(kinds, ({ kind, id }) => writer.release(kind, id));
    this.#eachChanged(kinds, (change) => {
      writer.put(change);
      changed++;
    });
    writer.finish();
    writeSourcePosition(db, position);
    return { commit: true, result: { kind: 'applied', position, changed, leftOut: writer.leftOut } };
  }

  /** Forgets what was gathered. Not inside a transaction. */
  drop(): void {
    if (this.#gathering !== undefined) this.#db.exec('DETACH incoming');
    this.#gathering = undefined;
    for (const end of ['', '-journal', '-wal', '-shm']) rmSync(`${this.#file}${end}`, { force: true });
  }

  /** Revocations made here are the source's too, or will be: none is gone for not being among its own. */
  #goneOf(kind: EntityKind): readonly string[] {
    if (kind === 'revocation') return [];
    return this.#db
      .prepare<[], string>(
        `SELECT id FROM main.${TABLE_OF[kind]} WHERE id NOT IN (SELECT id FROM incoming.entity WHERE kind = '${kind}')`,
      )
      .pluck()
      .all();
  }

  #eachChanged(kinds: readonly EntityKind[], visit: (change: Change) => void): void {
    const page = this.#db.prepare<[string, string, number], { id: string; body: string }>(
      'SELECT id, body FROM incoming.entity WHERE kind = ? AND id > ? AND body IS NOT NULL ORDER BY id LIMIT ?',
    );
    for (const kind of ENTITY_KINDS.filter((one) => kinds.includes(one))) {
      for (let after = '', rows = page.all(kind, after, PAGE); rows.length > 0; rows = page.all(kind, after, PAGE)) {
        for (const { id, body } of rows) visit({ kind, id, entity: JSON.parse(body) } as Change);
        after = rows.at(-1)?.id ?? '';
      }
    }
  }
}

const NOT_BEGUN = refuse('not_found', { field: '', message: 'no snapshot was begun, or a batch came in between' });

/** Most are written by the same code, in the same order of members. */
function isSame(held: unknown, entity: unknown, body: string): boolean {
  if (held === undefined) return false;
  return JSON.stringify(held) === body || canonicalJson(held) === canonicalJson(entity);
}
