// WSO2's token handling rules (tokenValidation): which JWTs and which opaque tokens a key manager claims. Every rule that cannot be
// used is a problem; none is skipped in silence.

import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { ClaimRule, LiteralRule, TextPattern } from '../domain/key-manager.ts';
import type { TokenValidationDto } from '../domain/key-manager-dto.ts';
import { NO_TEXT, textPattern } from './text-pattern.ts';

/** Each pair of each rule is held against the tokens of an issuer, and against the rules of those that share it. */
const MAX_PAIRS = 16;

const REGEX_SYNTAX = /[\\^$.*+?()[\]{}|]/;
/** A pattern that is nothing but a text: anchored, each sign of a pattern in it escaped. */
const ANCHORED_TEXT = /^\^((?:[^\\^$.*+?()[\]{}|]|\\[\\^$.*+?()[\]{}|/-])*)\$$/;

/** The rules of one key manager. */
export interface TokenRules {
  readonly jwtRules: readonly ClaimRule[];
  /** Undefined: no REFERENCE rule is given, so the type's default counts. */
  readonly referenceRules: readonly TextPattern[] | undefined;
  readonly problems: readonly FieldProblem[];
}

/** Reads the list; rules with `enable: false` are checked and claim nothing. */
export function tokenRules(tokenValidation: readonly TokenValidationDto[]): TokenRules {
  const jwtRules: ClaimRule[] = [];
  const referenceRules: TextPattern[] = [];
  const problems: FieldProblem[] = [];
  let hasReference = false;
  for (const [index, { type, value, enable = true }] of tokenValidation.entries()) {
    const at = `tokenValidation[${index}]`;
    if (type === 'CUSTOM') {
      if (enable) problems.push({ field: `${at}.type`, message: UNKNOWN_CODE });
    } else if (type === 'REFERENCE') {
      hasReference = true;
      const pattern = referenceRule(value, at, problems);
      if (pattern !== undefined && enable) referenceRules.push(pattern);
    } else {
      const rule = claimRule(value, at, problems);
      if (rule !== undefined && enable) jwtRules.push(rule);
    }
  }
  const given = referenceRules.length === 0 ? [NO_TEXT] : referenceRules;
  return { jwtRules, referenceRules: hasReference ? given : undefined, problems };
}

/** What of the rules tells key managers apart for sure: texts that are compared as a whole. */
export function literalPartOf(rules: readonly ClaimRule[]): readonly LiteralRule[] {
  return rules.map(
    (rule) =>
      Object.fromEntries(Object.entries(rule).filter(([, wanted]) => typeof wanted === 'string')) as LiteralRule,
  );
}

const UNKNOWN_CODE =
  'CUSTOM is not used: it names code of WSO2’s gateway; write a REFERENCE or JWT rule, or set enable to false';

/** WSO2 has the pattern as plain text; as in other rules it may stand in an object. */
function referenceRule(value: unknown, at: string, problems: FieldProblem[]): TextPattern | undefined {
  const body = isJsonObject(value) ? value['body'] : value;
  if (typeof body !== 'string' || body === '') {
    problems.push({ field: `${at}.value`, message: 'must be a pattern; give the one that the whole token must fit' });
    return undefined;
  }
  const pattern = textPattern(body, 'whole');
  if (!('problem' in pattern)) return pattern;
  problems.push({ field: `${at}.value`, message: pattern.problem });
  return undefined;
}

/** WSO2 keeps the value as an object `{ body: { claim: text } }`, and reads each text as a pattern; plain text means equality here. */
function claimRule(value: unknown, at: string, problems: FieldProblem[]): ClaimRule | undefined {
  const body = isJsonObject(value) ? value['body'] : undefined;
  const pairs = isJsonObject(body) ? Object.entries(body) : [];
  const field = `${at}.value.body`;
  const before = problems.length;
  if (pairs.length === 0)
    problems.push({ field, message: 'must be an object of claims with the text that each must have' });
  if (pairs.length > MAX_PAIRS)
    problems.push({ field, message: `has too many claims; give at most ${MAX_PAIRS} in one rule` });
  const rule = pairs.slice(0, MAX_PAIRS).map(([claim, text]) => {
    if (typeof text !== 'string' || text === '')
      problems.push({ field: `${field}.${claim.slice(0, 64)}`, message: 'must be a text that is not empty' });
    else if (ANCHORED_TEXT.test(text)) return [claim, anchoredText(text)] as const;
    else if (REGEX_SYNTAX.test(text)) {
      const pattern = textPattern(text, 'part');
      if (!('problem' in pattern)) return [claim, pattern] as const;
      problems.push({ field: `${field}.${claim.slice(0, 64)}`, message: pattern.problem });
    }
    return [claim, text] as const;
  });
  return problems.length > before ? undefined : (Object.fromEntries(rule) as ClaimRule);
}

function anchoredText(pattern: string): string {
  return (ANCHORED_TEXT.exec(pattern)?.[1] ?? '').replace(/\\(.)/g, '$1');
}
