// Brings an organization to what an operator wants to be there, inside a transaction that the caller holds: whole or not at all. What is
// there already is not written again.

import type { Database } from 'better-sqlite3';
import type { DesiredFacts, WriteRefusal } from '../domain/catalog-facts.ts';
import { applyApis } from './apply-apis.ts';
import { applyApplications } from './apply-applications.ts';
import { applyKeyManagers } from './apply-key-managers.ts';
import { applyPolicies } from './apply-policies.ts';
import { ApplySession } from './apply-session.ts';
import { othersOf, presentOf, pruneOthers } from './prune-others.ts';
import { refuse } from './refuse.ts';
import { type HeldBack, shrinkOf } from './shrink-guard.ts';
import type { Ended, StructureLog } from './write-transaction.ts';
import type { WriterTables } from './writer-tables.ts';

/** How it is done. */
export interface ApplyDesiredOptions {
  /** Deletes what the organization has and the document has not. */
  readonly prune: boolean;
  /** Removes however much that is. */
  readonly allowShrink: boolean;
  /** Says what would change, and changes nothing. */
  readonly dryRun: boolean;
}

/** Every change as a person reads it; `planned` for a dry run. */
export type DesiredResult =
  | { readonly kind: 'applied' | 'planned'; readonly changes: readonly string[] }
  | { readonly kind: 'unchanged' }
  | HeldBack
  | WriteRefusal;

/** Applications in one part: what a thread can take apart in a moment. */
const PART = 500;

/** The facts in parts of a bounded size; together they are the whole. */
export function* partsOf(facts: DesiredFacts): Generator<DesiredFacts> {
  yield { ...facts, applications: facts.applications.slice(0, PART) };
  const none = { keyManagers: [], apis: [], policies: [], scopes: [], denyPolicies: [] };
  for (let at = PART; at < facts.applications.length; at += PART)
    yield { organization: facts.organization, ...none, applications: facts.applications.slice(at, at + PART) };
}

/** Puts parts together again. One that is never taken makes room for the next. */
export class DesiredStage {
  #stage = '';
  #parts: DesiredFacts[] = [];

  add(stage: string, part: DesiredFacts): void {
    if (stage !== this.#stage) this.#parts = [];
    this.#stage = stage;
    this.#parts.push(part);
  }

  /** Undefined when another one took its place. */
  take(stage: string): DesiredFacts | undefined {
    const [first] = this.#parts;
    if (stage !== this.#stage || first === undefined) return undefined;
    const applications = this.#parts.flatMap((part) => part.applications);
    this.#parts = [];
    return { ...first, applications };
  }
}

/** Applies it. */
export function applyDesired(
  db: Database,
  tables: WriterTables,
  log: StructureLog,
  facts: DesiredFacts | undefined,
  { prune, allowShrink, dryRun, fingerprintKey }: ApplyDesiredOptions & { readonly fingerprintKey: string },
): Ended<DesiredResult> {
  if (facts === undefined) {
    const message = 'another document was applied at the same time; try again';
    return { commit: false, result: refuse('busy', { field: '', message }) };
  }
  // Without a document of before, whatever differs is a change, and the document has the last word.
  const session = new ApplySession({ tables, log, base: new Map(), catalogWins: true, fingerprintKey });
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
  if (changes.length === 0) return { commit: false, result: { kind: 'unchanged' } };
  if (dryRun) return { commit: false, result: { kind: 'planned', changes } };
  const change = { target: undefined, status: 200, after: { changes } };
  return { commit: true, result: { kind: 'applied', changes }, changes: [change] };
}
