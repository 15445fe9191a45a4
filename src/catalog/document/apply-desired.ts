// Brings an organization to what an operator wants to be there, inside a transaction that the caller holds: whole or not at all. What is
// there already is not written again.

import type { Database } from 'better-sqlite3';
import {
  CATALOG_SECTIONS,
  type CatalogChange,
  type CatalogChanges,
  type CatalogSection,
  type DesiredFacts,
  type WriteRefusal,
} from '../../domain/catalog-facts.ts';
import { refuse } from '../outcome/refuse.ts';
import { type HeldBack, shrinkOf } from '../outcome/shrink-guard.ts';
import { contentRevision } from '../tables/content-revision.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { applyApis } from './apply-apis.ts';
import { applyApplications } from './apply-applications.ts';
import { applyKeyManagers } from './apply-key-managers.ts';
import { applyPolicies } from './apply-policies.ts';
import { ApplySession, changeLine } from './apply-session.ts';
import { othersOf, presentOf, pruneOthers } from './prune-others.ts';

/** Changes that are told one by one; of more it is told how many there are. */
const MAX_TOLD_CHANGES = 1000;

/** Parts of one document, which wait in memory. */
const MAX_PARTS = 512;

/** How it is done. */
export interface ApplyDesiredOptions {
  /** Deletes what the organization has and the document's lists have not; and what entries of the document leave out. */
  readonly prune: boolean;
  /** Removes however much that is. */
  readonly allowShrink: boolean;
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
  /** The content revision that the writer has seen; null writes over any. */
  readonly expectedRevision: string | null;
}

/** What changed, or would in a dry run; the revision is that of after. */
export type DesiredResult =
  | (CatalogChanges & { readonly kind: 'applied' | 'planned' | 'unchanged'; readonly revision: string })
  | HeldBack
  | WriteRefusal;

/** Puts the parts of a document together. One that is never taken makes room for the next. */
export class DesiredStage {
  #stage = '';
  #parts: DesiredFacts[] = [];

  /** False when there are too many already. */
  add(stage: string, part: DesiredFacts): boolean {
    if (stage !== this.#stage) this.#parts = [];
    this.#stage = stage;
    return this.#parts.length < MAX_PARTS && this.#parts.push(part) > 0;
  }

  /** Undefined when another one took its place. */
  take(stage: string): DesiredFacts | undefined {
    const parts = this.#parts;
    const [first] = parts;
    if (stage !== this.#stage || first === undefined) return undefined;
    this.#parts = [];
    const lists = CATALOG_SECTIONS.map((section) => [section, parts.flatMap((part): unknown[] => [...part[section]])]);
    const sections = [...new Set(parts.flatMap((part) => part.sections))];
    return { ...first, sections, ...(Object.fromEntries(lists) as Pick<DesiredFacts, CatalogSection>) };
  }
}

/** Applies it. */
export function applyDesired(
  db: Database,
  tables: WriterTables,
  log: StructureLog,
  facts: DesiredFacts | undefined,
  options: ApplyDesiredOptions & { readonly fingerprintKey: string },
): Ended<DesiredResult> {
  if (facts === undefined) {
    const message = 'another document was applied at the same time; try again';
    return { commit: false, result: refuse('busy', { field: '', message }) };
  }
  const { prune, allowShrink, dryRun, expectedRevision, fingerprintKey } = options;
  const revision = contentRevision(db);
  if (expectedRevision !== null && expectedRevision !== revision) {
    const message = `the catalog is at revision ${revision} and not at ${expectedRevision}; compare again`;
    return { commit: false, result: refuse('stale', { field: '', message }) };
  }
  // Without a document of before, whatever differs is a change, and the document has the last word.
  const session = new ApplySession({ tables, log, base: new Map(), catalogWins: true, exact: prune, fingerprintKey });
  const others = prune ? othersOf(db, tables, facts) : [];
  const heldBack = allowShrink
    ? undefined
    : shrinkOf(
        (kind) => others.filter((other) => other.kind === kind).length,
        (kind) => presentOf(db, kind, facts.organization),
      );
  if (heldBack !== undefined) return { commit: false, result: heldBack };
  pruneOthers(db, others, session);
  applyPolicies(facts, session);
  applyKeyManagers(facts.keyManagers, session);
  applyApis(facts.apis, session);
  applyApplications(facts.applications, session);
  const [problem] = session.problems;
  if (problem !== undefined) {
    const fields = session.problems.map(({ field, message }) => ({ field, message }));
    return { commit: false, result: refuse(problem.why, ...fields) };
  }
  const { changes } = session;
  const told = { changes: changes.slice(0, MAX_TOLD_CHANGES), counts: countsOf(changes) };
  if (changes.length === 0) return { commit: false, result: { kind: 'unchanged', revision, ...told } };
  if (dryRun) return { commit: false, result: { kind: 'planned', revision, ...told } };
  const after = { changes: told.changes.map(changeLine), counts: told.counts };
  return {
    commit: true,
    result: { kind: 'applied', revision: contentRevision(db), ...told },
    changes: [{ target: undefined, status: 200, after }],
  };
}

function countsOf(changes: readonly CatalogChange[]): CatalogChanges['counts'] {
  const counts = { added: 0, changed: 0, deleted: 0 };
  for (const { kind } of changes) counts[kind] += 1;
  return counts;
}
