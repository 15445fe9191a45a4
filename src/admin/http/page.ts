// One page of a list, as WSO2 asks for it: `offset` and `limit`.

import type { FieldProblem } from '../../domain/field-problem.ts';

/** WSO2's default, and a bound on what one answer costs. */
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

/** A part of a list. */
export interface Page {
  readonly offset: number;
  readonly limit: number;
}

/** The page that a query asks for, or what is wrong with it. */
export function pageOf(query: unknown): Page | readonly FieldProblem[] {
  const { offset, limit } = (query ?? {}) as Readonly<Record<string, unknown>>;
  const problems: FieldProblem[] = [];
  const read = (field: string, value: unknown, standard: number, min: number, max: number) => {
    if (value === undefined) return standard;
    const number = typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : -1;
    if (number < min) problems.push({ field, message: `must be a whole number from ${min}` });
    return Math.min(number, max);
  };
  const page = {
    offset: read('offset', offset, 0, 0, Number.MAX_SAFE_INTEGER),
    limit: read('limit', limit, DEFAULT_LIMIT, 1, MAX_LIMIT),
  };
  return problems.length > 0 ? problems : page;
}

/** WSO2's `pagination` of a list; `shown` is how many there are in the answer, where that may be fewer than asked for. */
export function paginationOf({ offset, limit }: Page, total: number, path: string, shown = limit) {
  const link = (at: number) => `${path}?limit=${limit}&offset=${at}`;
  return {
    offset,
    limit,
    total,
    next: offset + shown < total ? link(offset + shown) : '',
    previous: offset > 0 ? link(Math.max(0, offset - limit)) : '',
  };
}
