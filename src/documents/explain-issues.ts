// Turns the schema library's issues into sentences for people: which field, what is wrong, what to do.
// Values that were given are never repeated: one of them may be a secret.

import type { z } from 'zod';
import { didYouMean } from './did-you-mean.ts';
import { knownKeys } from './known-keys.ts';

/** An explained issue; `ofKey` when the member's name is at fault and not its value. */
export interface Explained {
  readonly path: readonly PropertyKey[];
  readonly ofKey: boolean;
  readonly field: string;
  readonly message: string;
  readonly fix: string;
}

/** Longest part of an unknown member name that is repeated. */
const MAX_NAME_LENGTH = 64;

/** Every issue of a failed reading. A schema's own checks give their fix as `params.fix`. */
export function explainIssues(error: z.ZodError, schema: z.core.$ZodType): readonly Explained[] {
  return error.issues.flatMap((issue) => explain(issue, [], schema));
}

function explain(issue: z.core.$ZodIssue, base: readonly PropertyKey[], schema: z.core.$ZodType): readonly Explained[] {
  const path = [...base, ...issue.path];
  const say = (message: string, fix: string): Explained[] => [
    { path, ofKey: false, field: fieldOf(path), message, fix },
  ];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(schema, path);
      return issue.keys.map((key) => unknownKey([...path, key], key, known));
    }
    case 'invalid_union': {
      const branch = bestBranch(issue.errors);
      if (branch !== undefined) return branch.flatMap((inner) => explain(inner, path, schema));
      return say('has none of the accepted forms', 'see the reference for the forms it can take');
    }
    case 'invalid_type':
      if (issue.input === undefined) return say('is missing', `add it; ${expectation(issue.expected)}`);
      return say(`must be ${article(issue.expected)}`, expectation(issue.expected));
    case 'invalid_value': {
      const values = issue.values.map(String);
      const meant = typeof issue.input === 'string' ? didYouMean(issue.input, values) : undefined;
      const guess = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      return say(`has a value that is not accepted${guess}`, `use one of ${values.join(', ')}`);
    }
    case 'too_small':
      return say(`is ${unitOf(issue.origin).small}`, `give at least ${issue.minimum}${unitOf(issue.origin).noun}`);
    case 'too_big':
      return say(`is ${unitOf(issue.origin).big}`, `give at most ${issue.maximum}${unitOf(issue.origin).noun}`);
    case 'custom':
      return say(issue.message, typeof issue.params?.['fix'] === 'string' ? issue.params['fix'] : 'correct the value');
    case 'invalid_key':
      return issue.issues.flatMap((inner) => explain(inner, path, schema)).map((inner) => ({ ...inner, ofKey: true }));
    default:
      return say('has the wrong form', issue.message);
  }
}

function unknownKey(path: readonly PropertyKey[], key: string, known: readonly string[]): Explained {
  const meant = didYouMean(key, known);
  const guess = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
  const fix = meant === undefined ? `remove it; known are ${known.join(', ')}` : `write ${meant}, or remove it`;
  return { path, ofKey: true, field: fieldOf(path), message: `is not a known name${guess}`, fix };
}

/** The form that was most likely meant: the one with an issue deepest inside it, then the one with the fewest. */
function bestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    Math.max(...issues.map((issue) => issue.path.length + (issue.code === 'unrecognized_keys' ? 1 : 0)));
  return branches
    .filter((issues) => issues.length > 0)
    .toSorted((a, b) => depth(b) - depth(a) || a.length - b.length)[0];
}

function unitOf(origin: string): { readonly small: string; readonly big: string; readonly noun: string } {
  if (origin === 'string') return { small: 'too short', big: 'too long', noun: ' character(s)' };
  if (origin === 'array') return { small: 'too short a list', big: 'too long a list', noun: ' item(s)' };
  return { small: 'too small', big: 'too large', noun: '' };
}

function article(expected: string): string {
  if (expected === 'object' || expected === 'record') return 'an object (a mapping of names to values)';
  if (expected === 'array') return 'a list';
  if (expected === 'int') return 'a whole number';
  return expected === 'boolean' ? 'true or false' : `a ${expected}`;
}

function expectation(expected: string): string {
  if (expected === 'nonoptional') return 'give it a value';
  return expected === 'string' ? 'give text, in quotes where it looks like a number' : `give ${article(expected)}`;
}

/** `apis[0].resources[2].verb`; names that are not plain words are quoted. */
function fieldOf(path: readonly PropertyKey[]): string {
  return path
    .map((step, depth) => {
      if (typeof step === 'number') return `[${step}]`;
      const name = String(step).slice(0, MAX_NAME_LENGTH);
      if (!/^[\w-]+$/.test(name)) return `[${JSON.stringify(name)}]`;
      return depth === 0 ? name : `.${name}`;
    })
    .join('');
}
