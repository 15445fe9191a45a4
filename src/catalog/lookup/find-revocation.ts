// The other question of every request: is there an entry in force that hits this token? Nothing is looked up where nothing is revoked,
// and that no entry names a token is remembered until the next revocation. An entry itself never is: its end comes by the clock.

import type { Database, Statement } from 'better-sqlite3';
import {
  type Revocation,
  type RevocationKind,
  type RevocationSubject,
  revocationHits,
} from '../../domain/revocation.ts';
import { HITS_BEFORE, REVOCATION_COLUMNS, type RevocationRow, toSequenced } from '../tables/stored-revocations.ts';
import type { ChangedKinds } from './changed-kinds.ts';
import { UnnamedTokens } from './unnamed-tokens.ts';

/** Entries that there are at a moment. */
export interface RevocationCounts {
  readonly all: number;
  /** Those of tokens by their hash. */
  readonly tokens: number;
}

/** Some thousand tokens: as many as are in use through one process in a while. */
const MAX_BYTES = 4 * 1024 * 1024;

/** Prepares the question for one connection. It throws when the catalog cannot be read. */
export class RevocationFinder {
  readonly #isValue: Statement<(string | undefined)[], number>;
  readonly #named: Statement<[string, RevocationKind, string, string, number], RevocationRow>;
  readonly #unnamed = new UnnamedTokens(MAX_BYTES);

  constructor(db: Database) {
    // The casts keep SQLite from planning a statement anew on every call.
    const values = Array.from({ length: NAMES }, () => 'CAST(? AS TEXT)').join(', ');
    this.#isValue = db
      .prepare<(string | undefined)[], number>(`SELECT 1 FROM revocation WHERE value IN (${values}) LIMIT 1`)
      .pluck();
    this.#named = db.prepare(`
      SELECT ${REVOCATION_COLUMNS} FROM revocation
      WHERE value = CAST(? AS TEXT) AND kind = CAST(? AS TEXT) AND organization IN (CAST(? AS TEXT), CAST(? AS TEXT))
        AND ${HITS_BEFORE} > ? + 0`);
  }

  /** True where it was found before, and holds at the present moment, that no entry names the token. */
  isUnnamed(subject: RevocationSubject): boolean {
    return this.#unnamed.has(subject);
  }

  /** The entry, any of several. That there is none is remembered if the present moment is still that which is meant. */
  find(
    subject: RevocationSubject,
    nowMs: number,
    counts: RevocationCounts,
    isPresent: () => boolean,
  ): Revocation | undefined {
    let isNamed = false;
    for (const row of this.#rowsOf(subject, namesOf(subject, counts.tokens > 0))) {
      isNamed = true;
      const { revocation } = toSequenced(row);
      if (revocationHits(revocation, subject, nowMs)) return revocation;
    }
    if (!isNamed && isPresent()) this.#unnamed.add(subject);
    return undefined;
  }

  /** Those that name it and are not too old for it. */
  *#rowsOf(subject: RevocationSubject, names: Names): Generator<RevocationRow> {
    // One look for all names, whatever they are names of: hardly any token has one that was ever revoked.
    if (this.#isValue.get(...names.map(([, value]) => value)) === undefined) return;
    // One user or client may have an entry for every log-out of years: those that are too old for the token are left out by the index.
    const issuedAtMs = Math.floor((subject.issuedAt ?? Number.NaN) * 1000);
    const after = Number.isNaN(issuedAtMs) ? -1 : Math.min(issuedAtMs, Number.MAX_SAFE_INTEGER - 1);
    for (const [kind, value] of names)
      if (value !== undefined)
        yield* this.#named.iterate(value, kind, subject.organization, subject.apiOrganization, after);
  }

  /** To be called before a moment that came after these changes is the present one. */
  follow(changed: ChangedKinds): void {
    if (changed === undefined || changed.has('revocation')) this.#unnamed.clear();
  }
}

/** What an entry may call the token; as many for each. */
type Names = readonly (readonly [RevocationKind, string | undefined])[];
const NAMES = 7;

function namesOf(subject: RevocationSubject, withHash: boolean): Names {
  return [
    ['jti', subject.jti],
    ['consumer_key', subject.consumerKey],
    ['subject', subject.subject],
    ['kid', subject.keyId],
    ['key', subject.keyThumbprint],
    ['key_manager', subject.keyManagerId],
    ['token', withHash ? subject.tokenHash() : undefined],
  ];
}
