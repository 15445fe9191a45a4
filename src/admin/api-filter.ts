// WSO2's search in lists of APIs: `name:pizza version:1.0.0`, and a plain word for a part of the name.

import { didYouMean } from '../documents/did-you-mean.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { ApiFilter } from './entity-store.ts';

const FIELDS = ['name', 'context', 'version', 'provider', 'status'] as const;

/** Longer than any search that is meant well. */
const MAX_QUERY_CHARACTERS = 1024;

/** The filter that a query asks for, or what is wrong with it. */
export function apiFilterOf(query: unknown): ApiFilter | FieldProblem {
  if (query === undefined || query === '') return {};
  if (typeof query !== 'string' || query.length > MAX_QUERY_CHARACTERS) return problem('is no search, or too long');
  const filter: Partial<Record<(typeof FIELDS)[number], string>> = {};
  for (const word of query.split(' ').filter((part) => part !== '')) {
    const colon = word.indexOf(':');
    const prefix = colon === -1 ? 'name' : word.slice(0, colon);
    const field = FIELDS.find((known) => known === prefix);
    if (field === undefined) {
      const meant = didYouMean(prefix, FIELDS);
      const guess = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      return problem(`has a word before a colon that is none of ${FIELDS.join(', ')}${guess}`);
    }
    filter[field] = word.slice(colon + 1).replaceAll('"', '');
  }
  return filter;
}

function problem(message: string): FieldProblem {
  return { field: 'query', message };
}
