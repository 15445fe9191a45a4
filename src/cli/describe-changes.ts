// What a catalog document changes, as a person reads it: an entry a line, and below it each field with what it was and is.

import type { CatalogChange, CatalogChanges } from '../domain/catalog-facts.ts';

const MARKS: Readonly<Record<CatalogChange['kind'], string>> = { added: '+', changed: '~', deleted: '-' };

/** Several lines of text; `planned` for what only would change. */
export function describeChanges({ changes, counts }: CatalogChanges, planned: boolean): string {
  const lines = changes.flatMap(({ kind, entity, fields }) => [
    `${MARKS[kind]} ${entity}`,
    ...fields.map(({ field, before, after }) => `    ${field}: ${before} → ${after}`),
  ]);
  const more = counts.added + counts.changed + counts.deleted - changes.length;
  return [...lines, ...(more > 0 ? [`… and ${more} more`] : []), summary(counts, planned)].join('\n');
}

function summary({ added, changed, deleted }: CatalogChanges['counts'], planned: boolean): string {
  if (added + changed + deleted === 0) return 'Nothing changes.';
  return planned
    ? `${added} to add, ${changed} to change, ${deleted} to delete.`
    : `${added} added, ${changed} changed, ${deleted} deleted.`;
}
