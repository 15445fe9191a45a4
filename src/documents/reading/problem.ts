// What is wrong with something that a person wrote: where, which field, what, and what to do about it.

/** One thing to correct. Line and column count from 1 and are absent for HTTP bodies, environment variables and flags. */
export interface Problem {
  readonly file: string;
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Path of the field: `apis[0].context`; empty for the document as a whole. */
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

/** A value, or all that is wrong with what should have been one. */
export type Read<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/** `file:line:column field: message. Fix: …`, without the parts that are unknown. */
export function formatProblem(problem: Problem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}:${problem.column ?? 1}`;
  return `${[place, problem.field].filter((part) => part !== '').join(' ')}: ${problem.message}. Fix: ${problem.fix}`;
}
