// Is this a type of key manager? Looks at modules of strangers, whose mistakes would otherwise surface with the first token.

import { isJsonObject } from '../domain/json-object.ts';
import { TOKEN_PROFILES } from '../domain/key-manager.ts';
import { SIGNATURE_ALGORITHMS } from '../domain/signature-algorithm.ts';
import type { KeyManagerType } from './key-manager-type.ts';
import { STANDARD_TOKENS } from './standard-tokens.ts';
import { textPattern } from './text-pattern.ts';

type Check = (value: unknown) => boolean;

const isText: Check = (value) => typeof value === 'string' && value !== '';
const isFlag: Check = (value) => typeof value === 'boolean';
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const orNull =
  (check: Check): Check =>
  (value) =>
    value === null || check(value);
const record =
  (members: Readonly<Record<string, Check>>): Check =>
  (value) =>
    isJsonObject(value) && Object.entries(members).every(([name, check]) => check(value[name]));
const optional =
  (check: Check): Check =>
  (value) =>
    value === undefined || check(value);

const isMark: Check = (value) =>
  record({
    claim: isText,
    refuse: optional((refuse) => refuse === 'present' || listOf(isText)(refuse)),
    accept: optional(listOf(isText)),
  })(value) &&
  isJsonObject(value) &&
  (value['refuse'] ?? value['accept']) !== undefined;
const isPattern: Check = (value) => typeof value === 'string' && !('problem' in textPattern(value, 'whole'));
const isNonEmptyList: Check = (value) => listOf(isText)(value) && (value as readonly unknown[]).length > 0;
const oneOf =
  (...values: readonly unknown[]): Check =>
  (value) =>
    values.includes(value);

const isIntrospection = record({
  credentials: orNull(record({ clientId: isText, clientSecret: isText, encoding: oneOf('rfc', 'raw') })),
  tokenTypeHint: orNull(isText),
  consumerKeyMembers: isNonEmptyList,
  scopesMembers: listOf(isText),
  marks: listOf(isMark),
  tokenTypes: isNonEmptyList,
});

/** What each member must be, with the words for it. */
const MEMBERS: Readonly<Record<keyof KeyManagerType, readonly [Check, string]>> = {
  type: [isText, 'a text'],
  preset: [orNull(isText), 'a text or null'],
  displayName: [isText, 'a text'],
  tokenKind: [oneOf('access', 'identity'), 'access or identity'],
  connection: [
    listOf(record({ name: isText, label: isText, required: isFlag, mask: isFlag, usedFor: isText })),
    'a list of settings',
  ],
  consumerKeyClaims: [isNonEmptyList, 'a list of claims that is not empty'],
  scopesClaims: [listOf(isText), 'a list of claims'],
  scopesFromNames: [isFlag, 'true or false'],
  wso2Claims: [record({ consumerKeyClaim: orNull(isText), scopesClaim: orNull(isText) }), 'two claims or nulls'],
  audienceClaim: [isText, 'a claim'],
  algorithms: [
    (value) => isNonEmptyList(value) && (value as readonly string[]).every((alg) => SIGNATURE_ALGORITHMS.has(alg)),
    `a list out of ${[...SIGNATURE_ALGORITHMS.keys()].join(', ')}`,
  ],
  profile: [oneOf(...Object.keys(TOKEN_PROFILES)), `one of ${Object.keys(TOKEN_PROFILES).join(', ')}`],
  acceptedTyp: [orNull(listOf((typ) => typeof typ === 'string')), 'a list of texts or null'],
  requiredClaims: [listOf(isText), 'a list of claims'],
  marks: [listOf(isMark), 'a list of {claim, refuse or accept}'],
  unverifiableHeaders: [listOf(isText), 'a list of header members'],
  impliedIssuers: [
    (value) => isJsonObject(value) && Object.values(value).every(listOf(isText)),
    'an object of lists of issuers',
  ],
  issuerForm: [orNull(record({ pattern: isPattern, problem: isText })), 'an RE2 pattern with a problem, or null'],
  tenancy: [orNull(record({ placeholder: isText, claim: isText })), 'a placeholder and a claim, or null'],
  introspection: [orNull(isIntrospection), 'complete introspection rules, or null'],
  referencePattern: [orNull(isPattern), 'an RE2 pattern or null'],
  discovery: [isText, 'a text'],
  issuerDifferences: [listOf(record({ url: isText, issuer: isText, why: isText })), 'a list of {url, issuer, why}'],
  notes: [(value) => typeof value === 'string', 'a text'],
  quirks: [listOf(record({ what: isText, why: isText })), 'a list of {what, why}'],
};

/** What is wrong with it, to be read after its name; undefined when it can be used. Absent members are those of the standard. */
export function typeProblem(item: unknown): string | undefined {
  if (!isJsonObject(item)) return 'is no object';
  const name = typeof item['type'] === 'string' ? ` (${item['type']})` : '';
  const unknown = Object.keys(item).find((member) => !Object.hasOwn(MEMBERS, member));
  if (unknown !== undefined) return `${name} has an unknown member ${unknown}`.trim();
  const whole: Readonly<Record<string, unknown>> = { notes: '', ...STANDARD_TOKENS, ...item };
  const wrong = Object.entries(MEMBERS).find(([member, [check]]) => !check(whole[member]));
  if (wrong !== undefined) return `${name} has a wrong ${wrong[0]}: it must be ${wrong[1][1]}`.trim();
  const { preset, type } = whole;
  return preset !== null && type !== 'CustomKeyManager'
    ? `${name} has a preset, but only CustomKeyManager has presets`.trim()
    : undefined;
}
