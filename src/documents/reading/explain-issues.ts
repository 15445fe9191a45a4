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

/** Issues that are explained; who made more mistakes makes the same one again and again, and each explanation takes time. */
const MAX_EXPLAINED = 20;

/** One thing to explain: an issue, or one of the unknown names (`key`) that an issue holds together. */
interface Finding {
  readonly issue: z.core.$ZodIssue;
  readonly path: readonly PropertyKey[];
  readonly ofKey: boolean;
  readonly key?: string;
}

/** The issues of a failed reading, 20 at most and then how many more. A schema's own checks give their fix as `params.fix`. */
export function explainIssues(error: z.ZodError, schema: z.core.$ZodType): readonly Explained[] {
  const findings = error.issues.flatMap((issue) => findingsOf(issue, [], false));
  const told = new Set<string>();
  const explained = findings.slice(0, MAX_EXPLAINED).map((finding) => explain(finding, schema, told));
  const more = findings.length - explained.length;
  if (more === 0) return explained;
  const message = `and ${more} more problem(s)`;
  return [...explained, { path: [], ofKey: false, field: '', message, fix: 'correct these first' }];
}

function findingsOf(issue: z.core.$ZodIssue, base: readonly PropertyKey[], ofKey: boolean): readonly Finding[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ issue, path: [...path, key], ofKey: true, key }));
  if (issue.code === 'invalid_key') return issue.issues.flatMap((inner) => findingsOf(inner, path, true));
  const branch = issue.code === 'invalid_union' ? bestBranch(issue.errors) : undefined;
  return branch?.flatMap((inner) => findingsOf(inner, path, ofKey)) ?? [{ issue, path, ofKey }];
}

/** `told` holds the lists of known names that an earlier explanation gave. */
function explain({ issue, path, ofKey, key }: Finding, schema: z.core.$ZodType, told: Set<string>): Explained {
  const say = (message: string, fix: string): Explained => ({ path, ofKey, field: fieldOf(path), message, fix });
  if (key !== undefined) {
    const known = knownKeys(schema, path.slice(0, -1));
    const meant = didYouMean(key, known);
    if (meant !== undefined)
      return say(`is not a known name (did you mean "${meant}"?)`, `write ${meant}, or remove it`);
    const list = known.join(', ');
    const fix = told.has(list) ? 'remove it' : `remove it; known are ${list}`;
    told.add(list);
    return say('is not a known name', fix);
  }
  switch (issue.code) {
    case 'invalid_union':
      return say('has none of the accepted forms', 'see the reference for the forms it can take');
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
    default:
      return say('has the wrong form', issue.message);
  }
}

/** The form that was most likely meant: the one with an issue deepest inside it, then the one with the fewest. */
function bestBranch(branches: readonly (readonly z.core.$ZodIssue[])[]): readonly z.core.$ZodIssue[] | undefined {
  const depth = (issues: readonly z.core.$ZodIssue[]) =>
    issues.reduce(
      (deepest, { path, code }) => Math.max(deepest, path.length + (code === 'unrecognized_keys' ? 1 : 0)),
      0,
    );
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
