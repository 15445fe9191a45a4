// WSO2 token handling rules of type JWT, reduced to what can be compared without a pattern language. WSO2 reads the values as
// regular expressions; those that are plain text mean the same here, by equality, and only those tell key managers apart.

import type { FieldProblem } from '../domain/field-problem.ts';
import { isJsonObject } from '../domain/json-object.ts';
import type { LiteralRule } from '../domain/key-manager.ts';
import type { TokenValidationDto } from '../domain/key-manager-dto.ts';

/** Each pair of each rule is held against the tokens of an issuer, and against the rules of those that share it. */
const MAX_PAIRS = 16;

const REGEX_SYNTAX = /[\\^$.*+?()[\]{}|]/;

/** The enabled JWT rules, or none at all if one of them is a pattern: half of the rules would claim the wrong tokens. */
export function literalRules(tokenValidation: readonly TokenValidationDto[]): readonly LiteralRule[] {
  const rules = tokenValidation.filter((rule) => rule.type === 'JWT' && rule.enable !== false).map(literalRule);
  return rules.every((rule) => rule !== undefined) ? rules : [];
}

/** The JWT rules that ask for more claims than is good; REFERENCE and CUSTOM rules are never used. */
export function tooManyPairs(tokenValidation: readonly TokenValidationDto[]): readonly FieldProblem[] {
  return tokenValidation.flatMap(({ type, value }, index) => {
    const body = type === 'JWT' && isJsonObject(value) ? value['body'] : undefined;
    if (!isJsonObject(body) || Object.keys(body).length <= MAX_PAIRS) return [];
    const message = `has too many claims; give at most ${MAX_PAIRS} in one rule`;
    return [{ field: `tokenValidation[${index}].value.body`, message }];
  });
}

/** WSO2 keeps the value as an object `{ body: { claim: text } }`. */
function literalRule({ value }: TokenValidationDto): LiteralRule | undefined {
  const body = isJsonObject(value) ? value['body'] : undefined;
  if (!isJsonObject(body)) return undefined;
  const pairs = Object.entries(body);
  const isLiteral = pairs.every(([, text]) => typeof text === 'string' && text !== '' && !REGEX_SYNTAX.test(text));
  return isLiteral && pairs.length > 0 ? (Object.fromEntries(pairs) as LiteralRule) : undefined;
}
