// WSO2 token handling rules of type JWT, reduced to what can be compared without a pattern language. WSO2 reads the values as
// regular expressions; those that are plain text mean the same here, by equality, and only those tell key managers apart.

import { isJsonObject } from '../domain/json-object.ts';
import type { LiteralRule } from '../domain/key-manager.ts';
import type { TokenValidationDto } from '../domain/key-manager-dto.ts';

const REGEX_SYNTAX = /[\\^$.*+?()[\]{}|]/;

/** The enabled JWT rules, or none at all if one of them is a pattern: half of the rules would claim the wrong tokens. */
export function literalRules(tokenValidation: readonly TokenValidationDto[]): readonly LiteralRule[] {
  const rules = tokenValidation.filter((rule) => rule.type === 'JWT' && rule.enable !== false).map(literalRule);
  return rules.every((rule) => rule !== undefined) ? rules : [];
}

/** WSO2 keeps the value as an object `{ body: { claim: text } }`. */
function literalRule({ value }: TokenValidationDto): LiteralRule | undefined {
  const body = isJsonObject(value) ? value['body'] : undefined;
  if (!isJsonObject(body)) return undefined;
  const pairs = Object.entries(body);
  const isLiteral = pairs.every(([, text]) => typeof text === 'string' && text !== '' && !REGEX_SYNTAX.test(text));
  return isLiteral && pairs.length > 0 ? (Object.fromEntries(pairs) as LiteralRule) : undefined;
}
