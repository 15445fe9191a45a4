// Revocations in their table, for the writer and for lists. What a decision asks is in find-revocation.ts.

import type { Database, Statement } from 'better-sqlite3';
import type { Revocation, SequencedRevocation } from '../../domain/revocation.ts';
import type { Page, Paged } from './paged.ts';

/** A row, as {@link REVOCATION_COLUMNS} selects it. */
export type RevocationRow = Omit<Revocation, 'lifted'> & {
  readonly sequence: number;
  readonly stream: string | null;
  readonly lifted: number;
};

/** The columns of a {@link RevocationRow}. */
export const REVOCATION_COLUMNS = `sequence, id, kind, value, organization, key_manager_id AS keyManagerId,
  key_manager_type AS keyManagerType, issued_before_ms AS issuedBeforeMs, expires_at_ms AS expiresAtMs,
  created_at_ms AS createdAtMs, created_by AS createdBy, lifted, stream`;

/** The time before which tokens are hit, as the index of values has it: that of an entry that hits all is beyond every time. */
export const HITS_BEFORE = 'ifnull(issued_before_ms, 9007199254740991)';

const SELECT = `SELECT ${REVOCATION_COLUMNS} FROM revocation`;

/** The `revocation` and `stream_position` tables. */
export class StoredRevocations {
  readonly #one: Statement<[string], RevocationRow>;
  readonly #delete: Statement<[string]>;
  readonly #insert: Statement;
  readonly #sweep: Statement<[number, number]>;
  readonly #count: Statement<[string, number], number>;
  readonly #page: Statement<[string, number, number, number], RevocationRow>;
  readonly #inForce: Statement<[string, number, number, number], RevocationRow>;
  readonly #family: Statement<[string, number, string, string, string], RevocationRow>;
  readonly #since: Statement<[number, number], RevocationRow>;
  readonly #last: Statement<[], number | null>;
  readonly #position: Statement<[string], string>;
  readonly #savePosition: Statement<[string, string]>;

  constructor(db: Database) {
    this.#one = db.prepare(`${SELECT} WHERE id = ?`);
    this.#delete = db.prepare('DELETE FROM revocation WHERE id = ?');
    this.#insert = db.prepare(`
      INSERT INTO revocation (id, kind, value, organization, key_manager_id, key_manager_type, issued_before_ms,
        expires_at_ms, created_at_ms, created_by, lifted, stream)
      VALUES (@id, @kind, @value, @organization, @keyManagerId, @keyManagerType, @issuedBeforeMs,
        @expiresAtMs, @createdAtMs, @createdBy, @lifted, @stream)`);
    this.#sweep = db.prepare(`
      DELETE FROM revocation WHERE sequence IN (
        SELECT sequence FROM revocation WHERE expires_at_ms IS NOT NULL AND expires_at_ms <= ? LIMIT ?)`);
    const inForce = 'organization = ? AND lifted = 0 AND (expires_at_ms IS NULL OR expires_at_ms > ?)';
    this.#count = db.prepare<[string, number], number>(`SELECT count(*) FROM revocation WHERE ${inForce}`).pluck();
    this.#page = db.prepare(`${SELECT} WHERE ${inForce} ORDER BY sequence DESC LIMIT ? OFFSET ?`);
    this.#inForce = db.prepare(`${SELECT} WHERE ${inForce} AND sequence > ? ORDER BY sequence LIMIT ?`);
    // Between `id.` and `id/` lies exactly what begins with `id.`. The plus keeps SQLite to the index of ids.
    this.#family = db.prepare(`${SELECT} WHERE +${inForce} AND (id = ? OR (id > ? AND id < ?)) ORDER BY sequence`);
    this.#since = db.prepare(`${SELECT} WHERE sequence > ? ORDER BY sequence LIMIT ?`);
    this.#last = db.prepare<[], number | null>("SELECT seq FROM sqlite_sequence WHERE name = 'revocation'").pluck();
    this.#position = db.prepare<[string], string>('SELECT position FROM stream_position WHERE stream = ?').pluck();
    this.#savePosition = db.prepare('INSERT OR REPLACE INTO stream_position VALUES (?, ?)');
  }

  /** The entry of this id, lifted ones too. */
  find(id: string): SequencedRevocation | undefined {
    const row = this.#one.get(id);
    return row && toSequenced(row);
  }

  /** True when it was news: a known id again is none, and what was lifted stays lifted, in whatever order the two arrive. */
  save(revocation: Revocation, stream: string | null): boolean {
    const known = this.#one.get(revocation.id);
    if (known !== undefined && (known.lifted === 1 || !revocation.lifted)) return false;
    // A new row, so that who reads on from a sequence sees the lift.
    this.#delete.run(revocation.id);
    this.#insert.run({ ...revocation, lifted: revocation.lifted ? 1 : 0, stream });
    return true;
  }

  /** Deletes at most `limit` entries whose time is over, and says how many. */
  sweep(nowMs: number, limit: number): number {
    return this.#sweep.run(nowMs, limit).changes;
  }

  /** Those of an organization that are in force, the latest first, and how many there are. */
  page(organization: string, nowMs: number, { offset, limit }: Page): Paged<Revocation> {
    const list = this.#page.all(organization, nowMs, limit, offset).map((row) => toSequenced(row).revocation);
    return { total: this.#count.get(organization, nowMs) ?? 0, list };
  }

  /** Those of an organization that are in force, in order, after a sequence. */
  inForceAfter(organization: string, nowMs: number, sequence: number, limit: number): SequencedRevocation[] {
    return this.#inForce.all(organization, nowMs, sequence, limit).map(toSequenced);
  }

  /** The one of this id, and those that were made with it, whose ids begin with `<id>.`, as far as they are in force. */
  family(organization: string, id: string, nowMs: number): Revocation[] {
    return this.#family.all(organization, nowMs, id, `${id}.`, `${id}/`).map((row) => toSequenced(row).revocation);
  }

  /** Entries and lifts after a sequence, in order. */
  since(sequence: number, limit: number): SequencedRevocation[] {
    return this.#since.all(sequence, limit).map(toSequenced);
  }

  /** The last sequence that was handed out; 0 before the first. */
  lastSequence(): number {
    return this.#last.get() ?? 0;
  }

  /** How far a stream was read; undefined before the first time. */
  position(stream: string): string | undefined {
    return this.#position.get(stream);
  }

  /** Remembers how far a stream was read. */
  savePosition(stream: string, position: string): void {
    this.#savePosition.run(stream, position);
  }
}

/** The row as plain facts. */
export function toSequenced({ sequence, stream, lifted, ...row }: RevocationRow): SequencedRevocation {
  return { sequence, stream, revocation: { ...row, lifted: lifted === 1 } };
}
