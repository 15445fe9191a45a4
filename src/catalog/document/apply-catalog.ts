// Applies a catalog document inside a transaction that the caller holds: as a whole or not at all, once per content, and
// never over what an admin did since.

import type { Database } from 'better-sqlite3';
import type { CatalogFacts, DesiredFacts } from '../../domain/catalog-facts.ts';
import { refuse } from '../outcome/refuse.ts';
import { documentDigest } from '../tables/document-digest.ts';
import type { FieldDigests } from '../tables/field-digester.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { applyApis } from './apply-apis.ts';
import { applyApplications } from './apply-applications.ts';
import { applyKeyManagers } from './apply-key-managers.ts';
import { applyPolicies } from './apply-policies.ts';
import { ApplySession, changeLine } from './apply-session.ts';
import type { CatalogResult } from './catalog-result.ts';

/** How a document is to be applied. */
export interface ApplyCatalogOptions {
  /** Settles conflicts for the document; what the document did not change stays as admins left it. */
  readonly catalogWins: boolean;
}

/** Rows that are not in the document stay; entries that an admin deleted come back only when the document changes them. */
export function applyCatalog(
  db: Database,
  tables: WriterTables,
  log: StructureLog,
  facts: CatalogFacts | DesiredFacts,
  digest: string,
  { catalogWins, fingerprintKey }: ApplyCatalogOptions & { readonly fingerprintKey: string },
): Ended<CatalogResult> {
  const last = db.prepare<[], string | null>('SELECT catalog_digest FROM meta').pluck().get();
  const kept = documentDigest(fingerprintKey, digest);
  if (last === kept) return { commit: false, result: { kind: 'unchanged' } };
  const session = new ApplySession({ tables, log, base: readBase(db), catalogWins, fingerprintKey });
  if ('policies' in facts) applyPolicies(facts, session);
  applyKeyManagers(facts.keyManagers, session);
  applyApis(facts.apis, session);
  applyApplications(facts.applications, session);
  // A mistake may only follow from an entry that was held back, so conflicts are told first.
  if (session.conflicts.length > 0)
    return { commit: false, result: { kind: 'conflicts', conflicts: session.conflicts } };
  const [problem] = session.problems;
  if (problem !== undefined) {
    const fields = session.problems.map(({ field, message }) => ({ field, message }));
    return { commit: false, result: refuse(problem.why, ...fields) };
  }
  writeBase(db, session.digests);
  db.prepare('UPDATE meta SET catalog_digest = ?').run(kept);
  const changes = session.changes.map(changeLine);
  const change = { target: undefined, status: 200, after: { changes } };
  return { commit: true, result: { kind: 'applied', changes }, changes: [change] };
}

function readBase(db: Database): ReadonlyMap<string, FieldDigests> {
  const rows = db.prepare<[], { entry: string; fields: string }>('SELECT * FROM catalog_document').all();
  return new Map(rows.map(({ entry, fields }) => [entry, JSON.parse(fields) as FieldDigests]));
}

function writeBase(db: Database, digests: ReadonlyMap<string, FieldDigests>): void {
  db.exec('DELETE FROM catalog_document');
  const insert = db.prepare('INSERT INTO catalog_document VALUES (?, ?)');
  for (const [entry, fields] of digests) insert.run(entry, JSON.stringify(fields));
}
