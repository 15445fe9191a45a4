// WSO2's search in lists of APIs: `name:pizza version:1.0.0`, and a plain word for a part of the name.

import { didYouMean } from '../../documents/reading/did-you-mean.ts';
import { LIFECYCLES } from '../../domain/api.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { ApiFilter } from './entity-store.ts';

/** WSO2's words before a colon. */
const WORDS = ['name', 'context', 'version', 'provider', 'status'] as const;

/** Longer than any search that is meant well. */
const MAX_QUERY_CHARACTERS = 1024;

/** The filter that a query asks for, or what is wrong with it. */
export function apiFilterOf(query: unknown): ApiFilter | FieldProblem {
  if (query === undefined || query === '') return {};
  if (typeof query !== 'string' || query.length > MAX_QUERY_CHARACTERS) return problem('is no search, or too long');
  let filter: ApiFilter = {};
  for (const part of query.split(' ').filter((text) => text !== '')) {
    const colon = part.indexOf(':');
    const prefix = colon === -1 ? 'name' : part.slice(0, colon);
    const word = WORDS.find((known) => known === prefix);
    if (word === undefined) {
      const meant = didYouMean(prefix, WORDS);
      const guess = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      return problem(`has a word before a colon that is none of ${WORDS.join(', ')}${guess}`);
    }
    const more = narrowedBy(word, part.slice(colon + 1).replaceAll('"', ''));
    if ('field' in more) return more;
    filter = { ...filter, ...more };
  }
  return filter;
}

function narrowedBy(word: (typeof WORDS)[number], text: string): ApiFilter | FieldProblem {
  switch (word) {
    case 'name':
      return { nameContains: text };
    case 'context':
      return { contextContains: text };
    case 'version':
      return { version: text };
    case 'provider':
      return { provider: text };
    case 'status': {
      const lifecycle = LIFECYCLES.find((known) => known === text.toUpperCase());
      return lifecycle === undefined
        ? problem(`has a status that is none of ${LIFECYCLES.join(', ')}`)
        : { lifecycles: [lifecycle] };
    }
  }
}

function problem(message: string): FieldProblem {
  return { field: 'query', message };
}
