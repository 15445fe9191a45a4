// What became of a catalog document.

import type { WriteRefusal } from '../../domain/catalog-facts.ts';

/** A field that both the document and an admin changed since the document was applied last. */
export interface CatalogConflict {
  /** `apis[Pizza:1.0.0]`; the entry as people know it, since the catalog has no place in the document. */
  readonly entity: string;
  /** Empty for the entry as a whole (deleted by an admin, changed in the document). */
  readonly field: string;
  /** The document's value, shortened; values that may be secret are not shown. */
  readonly catalog: string;
  /** The value that an admin gave it. */
  readonly current: string;
}

/** Applied as a whole, not at all because nothing is new, or not at all because of conflicts or mistakes. */
export type CatalogResult =
  | { readonly kind: 'applied'; readonly changes: readonly string[] }
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'conflicts'; readonly conflicts: readonly CatalogConflict[] }
  | WriteRefusal;
