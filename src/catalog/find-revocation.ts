// The question of every request: is there an entry in force that hits this token? Nothing is looked up where nothing is revoked.

import type { Database, Statement } from 'better-sqlite3';
import { type Revocation, type RevocationKind, type RevocationSubject, revocationHits } from '../domain/revocation.ts';
import { HITS_BEFORE, REVOCATION_COLUMNS, type RevocationRow, toSequenced } from './stored-revocations.ts';

/** Entries that there are at a moment. */
export interface RevocationCounts {
  readonly all: number;
  /** Those of tokens by their hash. */
  readonly tokens: number;
}

/** Prepares the question for one connection. It throws when the catalog cannot be read. */
export class RevocationFinder {
  readonly #named: Statement<[string, RevocationKind, string, string, number], RevocationRow>;

  constructor(db: Database) {
    // The casts keep SQLite from planning the statement anew on every call.
    this.#named = db.prepare(`
      SELECT ${REVOCATION_COLUMNS} FROM revocation
      WHERE value = CAST(? AS TEXT) AND kind = CAST(? AS TEXT) AND organization IN (CAST(? AS TEXT), CAST(? AS TEXT))
        AND ${HITS_BEFORE} > ? + 0`);
  }

  /** The entry, any of several. */
  find(subject: RevocationSubject, nowMs: number, counts: RevocationCounts): Revocation | undefined {
    if (counts.all === 0) return undefined;
    // One user or client may have an entry for every log-out of years: those that are too old for the token are left out by the index,
    // and the first that hits is enough.
    const issuedAtMs = Math.floor((subject.issuedAt ?? Number.NaN) * 1000);
    const after = Number.isNaN(issuedAtMs) ? -1 : Math.min(issuedAtMs, Number.MAX_SAFE_INTEGER - 1);
    for (const [kind, value] of namesOf(subject, counts.tokens > 0))
      for (const row of this.#named.iterate(value, kind, subject.organization, subject.apiOrganization, after)) {
        const { revocation } = toSequenced(row);
        if (revocationHits(revocation, subject, nowMs)) return revocation;
      }
    return undefined;
  }
}

/** What an entry may call the token. */
function namesOf(subject: RevocationSubject, withHash: boolean): readonly (readonly [RevocationKind, string])[] {
  const names: readonly (readonly [RevocationKind, string | undefined])[] = [
    ['jti', subject.jti],
    ['consumer_key', subject.consumerKey],
    ['subject', subject.subject],
    ['kid', subject.keyId],
    ['key', subject.keyThumbprint],
    ['key_manager', subject.keyManagerId],
    ['token', withHash ? subject.tokenHash() : undefined],
  ];
  return names.flatMap(([kind, value]) => (value === undefined ? [] : [[kind, value] as const]));
}
