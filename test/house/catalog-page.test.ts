// The page on the catalog document says what the code says: its tables are those of the rooms, no field is missing, and its
// examples are documents that are accepted.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { catalogDocument } from '../../src/documents/catalog/catalog-document.ts';
import { readCatalog } from '../../src/documents/catalog/read-catalog.ts';
import { knownKeys } from '../../src/documents/reading/known-keys.ts';
import { LIFECYCLES, VERBS } from '../../src/domain/api.ts';
import { TOKEN_PROFILES } from '../../src/domain/key-manager.ts';
import { DENY_POLICY_TYPES } from '../../src/domain/policy.ts';
import { APPLICATION_STATES, SUBSCRIPTION_STATES } from '../../src/domain/subscriber.ts';
import { judgeKeyManager } from '../../src/keymanagers/judge-key-manager.ts';
import { BUILT_IN_TYPES } from '../../src/keymanagers/types.ts';
import { TOP } from './source-files.ts';

const PAGE = 'docs/catalog.md';
const page = readFileSync(join(TOP, PAGE), 'utf8');
const code = (texts: readonly string[]) => texts.map((text) => `\`${text}\``).join(', ');

/** The lines of the table under a heading, without its own headings. */
function rowsUnder(heading: string): readonly string[] {
  const [, section = ''] = page.split(`### ${heading}\n`);
  return (section.split(/^#/m)[0] ?? '')
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2);
}

describe('tables', () => {
  test('the profiles are those of the domain', () => {
    const typText = (typ: string) => ({ '': 'absent', '*': 'any that is not known to be another kind of token' })[typ];
    const expected = Object.entries(TOKEN_PROFILES).map(([name, { requiredClaims, acceptedTyp }]) => {
      const types = acceptedTyp.map((typ) => typText(typ) ?? `\`${typ}\``).join(', ');
      return `| \`${name}\` | ${requiredClaims.length === 0 ? 'none' : code(requiredClaims)} | ${types} |`;
    });
    expect(rowsUnder('Profiles')).toEqual(expected);
  });
});

test.each([
  ['the document', []],
  ['an API', ['apis', 0]],
  ['an API’s path settings', ['apis', 0, 'path']],
  ['an operation', ['apis', 0, 'operations', 0]],
  ['an application', ['applications', 0]],
  ['a key', ['applications', 0, 'keys', 0]],
  ['a subscription', ['applications', 0, 'subscriptions', 0]],
  ['a key manager', ['keyManagers', 0]],
  ['a throttling policy', ['policies', 0]],
  ['a scope', ['scopes', 0]],
  ['a deny policy', ['denyPolicies', 0]],
])('every field of %s is explained', (_what, path) => {
  const fields = knownKeys(catalogDocument, path);
  expect(fields).not.toEqual([]);
  expect(fields.filter((field) => !new RegExp(`\`(?:\\w+\\[\\]\\.)?${field}\``).test(page))).toEqual([]);
});

test.each([
  ['lifecycle state', LIFECYCLES],
  ['verb', VERBS],
  ['subscription state', SUBSCRIPTION_STATES],
  ['application state', APPLICATION_STATES],
  ['type of deny policy', DENY_POLICY_TYPES],
])('every %s is named', (_what, names) => {
  expect(names.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

const examples = [...page.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map(([, text]) => text ?? '');

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(0);
});

test.each(examples)('an example is accepted: %#', (example) => {
  const checks = { urlProblem: () => undefined, pemProblem: () => undefined };
  const read = readCatalog(example, PAGE, 'carbon.super', (dto) =>
    judgeKeyManager(dto, { types: BUILT_IN_TYPES, checks, origin: 'catalog_file' }),
  );
  expect(read).toMatchObject({ ok: true });
});
