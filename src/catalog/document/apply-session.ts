// One application of a catalog document: merges entry after entry and gathers what came of it.

import type { CatalogChange, FieldChange, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import { FieldDigester, type FieldDigests, type Fields } from '../tables/field-digester.ts';
import type { StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import type { CatalogConflict } from './catalog-result.ts';
import { type Merge, mergeEntry } from './merge-entry.ts';

/** An entry of the document. */
export interface Entry {
  /** Kind and names: what makes it the same entry in the next document. */
  readonly key: readonly string[];
  /** How people know it: `applications[PizzaShack]`. */
  readonly label: string;
  /** Where it stands in the document: `applications[0]`. */
  readonly at: string;
  readonly fields: Fields;
  /** What a new one has where the document is silent. */
  readonly bare?: Fields;
}

/** The session's inputs. */
export interface ApplyOptions {
  readonly tables: WriterTables;
  readonly log: StructureLog;
  /** Digests of the last applied document, by entry. */
  readonly base: ReadonlyMap<string, FieldDigests>;
  readonly catalogWins: boolean;
  /** What the document leaves out of an entry goes. */
  readonly exact?: boolean;
  /** Key of the digests. */
  readonly fingerprintKey: string;
}

/** Why a document is refused, with the field at fault. */
export type ApplyProblem = FieldProblem & { readonly why: WriteRefusal['why'] };

/** Gathers changes, conflicts and mistakes, and the digests to compare the next document with. */
export class ApplySession {
  readonly tables: WriterTables;
  readonly log: StructureLog;
  readonly changes: CatalogChange[] = [];
  readonly conflicts: CatalogConflict[] = [];
  readonly problems: ApplyProblem[] = [];
  readonly digests = new Map<string, FieldDigests>();
  readonly #base: ReadonlyMap<string, FieldDigests>;
  readonly #catalogWins: boolean;
  readonly #exact: boolean;
  readonly #fingerprintKey: string;

  constructor({ tables, log, base, catalogWins, exact = false, fingerprintKey }: ApplyOptions) {
    this.tables = tables;
    this.log = log;
    this.#base = base;
    this.#catalogWins = catalogWins;
    this.#exact = exact;
    this.#fingerprintKey = fingerprintKey;
  }

  /** Judges an entry against what the catalog holds, and notes a change or conflict. `anew`: its parent is new. */
  merge(entry: Entry, current: Fields | undefined, how: { anew?: boolean; partsChanged?: boolean } = {}): Merge {
    const key = JSON.stringify(entry.key);
    if (this.digests.has(key)) {
      this.refuse('exists', entry.at, `${entry.label} is in the document twice; remove one of the two`);
      return { kind: 'keep' };
    }
    const digester = this.#digesterOf(entry);
    this.digests.set(key, digester.digestsOf(entry.fields));
    const base = how.anew === true ? undefined : this.#base.get(key);
    const said = this.#exact ? { ...entry.bare, ...entry.fields } : entry.fields;
    const merge = mergeEntry(base, said, current, {
      digester,
      catalogWins: this.#catalogWins,
      partsChanged: how.partsChanged === true,
      exact: this.#exact,
    });
    if (merge.kind === 'conflict')
      this.conflicts.push(...merge.conflicts.map((conflict) => ({ entity: entry.label, ...conflict })));
    if (merge.kind === 'insert') this.#changed('added', entry.label);
    if (merge.kind === 'update') this.#changed('changed', entry.label, merge.changed);
    return merge;
  }

  /** True when the entry is not exactly as in the last applied document. */
  isNews(entry: Entry): boolean {
    const base = this.#base.get(JSON.stringify(entry.key)) ?? {};
    const digester = this.#digesterOf(entry);
    const names = [...Object.keys(base), ...Object.keys(entry.fields)];
    return names.some((name) => !digester.matches(base[name], name, entry.fields[name]));
  }

  /** Keeps what the document says of an entry that is not looked at, for the next document. */
  remember(entry: Entry): void {
    this.digests.set(JSON.stringify(entry.key), this.#digesterOf(entry).digestsOf(entry.fields));
  }

  /** Notes that an entry goes. */
  deleted(label: string): void {
    this.#changed('deleted', label);
  }

  /** Notes a mistake; the document will not be applied. */
  refuse(why: WriteRefusal['why'], field: string, message: string): void {
    this.problems.push({ why, field, message });
  }

  #changed(kind: CatalogChange['kind'], entity: string, fields: readonly FieldChange[] = []): void {
    this.changes.push({ kind, entity, fields });
  }

  #digesterOf({ key }: Entry): FieldDigester {
    return new FieldDigester(this.#fingerprintKey, ['catalog_document', ...key]);
  }
}

/** A change as one line. */
export function changeLine({ kind, entity, fields }: CatalogChange): string {
  return [`${entity} ${kind}`, fields.map(({ field }) => field).join(', ')].filter((part) => part !== '').join(': ');
}
