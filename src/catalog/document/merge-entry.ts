// Three-way comparison of one catalog entry: what the document said when it was applied last, what it says now, and what
// the catalog holds. Decides what is to be written; writes nothing.

import { canonicalJson } from '../../domain/canonical-json.ts';
import type { FieldChange } from '../../domain/catalog-facts.ts';
import { type FieldDigester, type FieldDigests, type Fields, SecretField } from '../tables/field-digester.ts';

/** One field that the document and an admin both changed. Values are for people to read and hold no secret. */
export interface FieldConflict {
  readonly field: string;
  readonly catalog: string;
  readonly current: string;
}

/** What to do with an entry. */
export type Merge =
  | { readonly kind: 'keep' }
  | { readonly kind: 'insert' }
  | { readonly kind: 'update'; readonly fields: Fields; readonly changed: readonly FieldChange[] }
  | { readonly kind: 'conflict'; readonly conflicts: readonly FieldConflict[] };

/** How the caller wants an entry to be judged. */
export interface MergeOptions {
  readonly digester: FieldDigester;
  readonly catalogWins: boolean;
  /** What hangs on the entry changed in the document, so that the entry cannot stay deleted unnoticed. */
  readonly partsChanged?: boolean;
  /** What the document leaves out is to go too. */
  readonly exact?: boolean;
}

/** Stands for the entry as a whole in a conflict: it was deleted by an admin. */
const WHOLE_ENTRY = '';

/** The field with room for secrets that nobody recognises as such (a key manager's connector settings). */
const SECRET_FIELD = 'additionalProperties';

const MAX_SHOWN_CHARACTERS = 120;

/**
 * The document's changes since `base` are taken; a field that differs from `base` in the catalog was changed by an admin
 * and stays, unless the document changed it too: a conflict, which `catalogWins` settles for the document.
 */
export function mergeEntry(
  base: FieldDigests | undefined,
  catalog: Fields,
  current: Fields | undefined,
  { digester, catalogWins, partsChanged = false, exact = false }: MergeOptions,
): Merge {
  const said = digester.digestsOf(catalog);
  const names = [...new Set([...Object.keys(base ?? {}), ...Object.keys(catalog), ...Object.keys(current ?? {})])];
  const documentChanged = exact ? names : names.filter((name) => !digester.matches(base?.[name], name, catalog[name]));
  if (current === undefined) {
    if (base === undefined) return { kind: 'insert' };
    if (documentChanged.length === 0 && !partsChanged) return { kind: 'keep' };
    if (catalogWins) return { kind: 'insert' };
    return { kind: 'conflict', conflicts: [{ field: WHOLE_ENTRY, catalog: 'changed', current: 'deleted' }] };
  }
  const held = digester.digestsOf(current);
  // What was never in a document was written by an admin, whatever it says.
  const changed = documentChanged.filter((name) => held[name] !== said[name]);
  const disputed = changed.filter((name) => base === undefined || !digester.matches(base[name], name, current[name]));
  if (disputed.length > 0 && !catalogWins) {
    const conflicts = disputed.map((field) => ({
      field,
      catalog: shown(field, catalog[field]),
      current: shown(field, current[field]),
    }));
    return { kind: 'conflict', conflicts };
  }
  if (changed.length === 0) return { kind: 'keep' };
  const fields: Record<string, unknown> = { ...current };
  for (const name of changed) {
    if (catalog[name] === undefined) delete fields[name];
    else fields[name] = catalog[name];
  }
  return {
    kind: 'update',
    fields,
    changed: changed.map((name) => ({
      field: name,
      before: shown(name, current[name]),
      after: shown(name, catalog[name]),
    })),
  };
}

function shown(field: string, value: unknown): string {
  if (field === SECRET_FIELD || value instanceof SecretField) return '(not shown)';
  return (canonicalJson(value) ?? 'absent').slice(0, MAX_SHOWN_CHARACTERS);
}
