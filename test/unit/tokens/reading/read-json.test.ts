import { expect, test } from 'vitest';
import { readJson } from '../../../../src/tokens/reading/read-json.ts';
import { vectorBytes, vectorNames } from '../vectors.ts';

const FOLDER = 'jsontestsuite/test_parsing';
const files = vectorNames(FOLDER);
const read = (text: string) => readJson(Buffer.from(text));
const problemOf = (text: string) => {
  const reading = read(text);
  return 'problem' in reading ? reading.problem : undefined;
};

test('reads every text of JSONTestSuite that must be taken, but for the two with duplicate members', () => {
  const valid = files.filter((name) => name.startsWith('y_'));
  expect(valid).toHaveLength(95);
  const refused = valid.flatMap((name) => {
    const reading = readJson(vectorBytes(`${FOLDER}/${name}`));
    return 'problem' in reading ? [`${name}: ${reading.problem}`] : [];
  });
  expect(refused).toEqual([
    'y_object_duplicated_key.json: duplicate_member',
    'y_object_duplicated_key_and_value.json: duplicate_member',
  ]);
});

test('refuses every text of JSONTestSuite that must be refused', () => {
  const invalid = files.filter((name) => name.startsWith('n_'));
  expect(invalid).toHaveLength(188);
  const taken = invalid.filter((name) => {
    const reading = readJson(vectorBytes(`${FOLDER}/${name}`));
    return !('problem' in reading) || !['not_json', 'not_utf8'].includes(reading.problem);
  });
  expect(taken).toEqual([]);
});

test('settles every text of JSONTestSuite that is left to the parser without throwing', () => {
  const open = files.filter((name) => name.startsWith('i_'));
  const taken = open.filter((name) => 'value' in readJson(vectorBytes(`${FOLDER}/${name}`)));
  expect(open).toHaveLength(35);
  // Numbers only: everything else that is left open is about ill-formed text or depth, and is refused.
  expect(taken.every((name) => name.startsWith('i_number_'))).toBe(true);
});

test.each([
  ['at the top', '{"a":1,"a":1}'],
  ['in a nested object', '{"b":{"a":1,"a":2}}'],
  ['in an object inside a list', '[{"a":1},{"a":1,"b":2,"a":3}]'],
  ['spelled with an escape', '{"iss":1,"\\u0069ss":2}'],
  ['after a nested object of the same name', '{"a":{"a":1},"a":2}'],
  ['with white space before the colon', '{"a" \n\t:1,"a"\r : 2}'],
  ['with an escaped quote in the name', '{"a\\"":1,"a\\"":2}'],
  ['named __proto__', '{"__proto__":1,"__proto__":2}'],
  ['named by the empty string', '{"":1,"":2}'],
])('refuses a duplicate member %s', (_where, text) => {
  expect(problemOf(text)).toBe('duplicate_member');
});

test.each([
  ['equal names in different objects', '[{"a":1},{"a":1}]'],
  ['a name that is also a value', '{"a":"a","b":"a"}'],
  ['a value that looks like a member', '{"a":"\\"b\\":1,\\"b\\":1"}'],
  ['names that differ in their Unicode normal form', '{"\u00e9":1,"e\u0301":2}'],
  ['a value that ends in a backslash', '{"a":"\\\\","b":1}'],
  ['brackets inside strings', '{"a":"[[[{{{","b":"]]}"}'],
])('takes %s', (_what, text) => {
  expect(read(text)).toEqual({ value: JSON.parse(text) });
});

test('takes 32 levels and refuses 33, also of a depth that would make later code throw', () => {
  expect(problemOf(`${'['.repeat(32)}${']'.repeat(32)}`)).toBeUndefined();
  expect(problemOf(`${'['.repeat(33)}${']'.repeat(33)}`)).toBe('too_deep');
  expect(problemOf(`${'{"a":'.repeat(20_000)}1${'}'.repeat(20_000)}`)).toBe('too_deep');
});

test.each([
  ['in a value', '{"a":"\\ud800"}'],
  ['in a name', '{"\\udc00":1}'],
  ['in a list', '["\\ud800\\ud800"]'],
])('refuses a lone surrogate %s', (_where, text) => {
  expect(problemOf(text)).toBe('ill_formed_string');
});

test('takes a surrogate pair', () => {
  expect(read('{"a":"\\ud83d\\ude00"}')).toEqual({ value: { a: '\u{1f600}' } });
});

test('refuses a byte order mark and bytes that are not UTF-8', () => {
  expect(readJson(Buffer.from([0xef, 0xbb, 0xbf, 0x7b, 0x7d]))).toEqual({ problem: 'not_json' });
  expect(readJson(Buffer.from([0x22, 0xc0, 0xaf, 0x22]))).toEqual({ problem: 'not_utf8' });
});
