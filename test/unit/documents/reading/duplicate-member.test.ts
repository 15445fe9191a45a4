// Members that are in one JSON object twice, and those that only look so.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { duplicateMember } from '../../../../src/documents/reading/duplicate-member.ts';

test.each([
  ['at the top', '{"a":1,"b":2,"a":3}', 'a'],
  ['deep inside', '[{"b":[{"a":{"c":1,"c":1}}]}]', 'c'],
  ['after an object inside', '{"a":{"b":1},"c":[{"b":1}],"a":1}', 'a'],
  ['with white space before the colon', '{"a" :1,"a"\n\t:2}', 'a'],
  ['in another spelling', String.raw`{"a":1,"\u0061":2}`, 'a'],
  ['with quotes and backslashes in the name', String.raw`{"\"\\":1,"\"\u005c":2}`, '"\\'],
  ['with an empty name', '{"":1,"":2}', ''],
  ['that reaches the prototype', '{"__proto__":1,"__proto__":2}', '__proto__'],
])('a member that is there twice %s is found', (_where, json, name) => {
  JSON.parse(json);
  expect(duplicateMember(json)).toBe(name);
});

test.each([
  '{"a":{"a":{"a":"a"}}}',
  '[{"a":1},{"a":1}]',
  '{"a":"b","b":"a"}',
  '{"a":"\\"a\\":1","b":"{\\"b\\":1}"}',
  '["a","a"]',
  '"a"',
  '1',
])('%s has none', (json) => {
  JSON.parse(json);
  expect(duplicateMember(json)).toBeUndefined();
});

test('no JSON that a program writes has one, and one more member of a name that is there is always found', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), (object, name) => {
      const json = JSON.stringify({ ...object, [name]: 1 });
      expect(duplicateMember(json)).toBeUndefined();
      expect(duplicateMember(`${json.slice(0, -1)},${JSON.stringify(name)}:2}`)).toBe(name);
    }),
  );
});
