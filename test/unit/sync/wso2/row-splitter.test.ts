// A list taken apart while it arrives gives the rows that parsing all of it would give, however it is cut into pieces.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowSplitter } from '../../../../src/sync/wso2/row-splitter.ts';

function split(pieces: readonly string[]) {
  const rows: unknown[] = [];
  const splitter = new RowSplitter((row) => rows.push(row));
  for (const piece of pieces) splitter.push(piece);
  return { rows, frame: splitter.end() };
}

const pagination = { offset: 0, total: 2, next: '[{"a"' };

test.each([
  ['an array', '[{"a":1},{"b":[{"c":"]}"}]}]', [{ a: 1 }, { b: [{ c: ']}' }] }], []],
  ['an empty array', ' [ ] ', [], []],
  [
    'an object with the list and more',
    JSON.stringify({ count: 2, other: [], list: [{ a: 'x"y\\' }, { b: 2 }], pagination }, null, 2),
    [{ a: 'x"y\\' }, { b: 2 }],
    { count: 2, other: [], list: [], pagination },
  ],
])('%s is taken apart, in one piece and in pieces of one character', (_what, text, rows, frame) => {
  expect(split([text])).toEqual({ rows, frame });
  expect(split([...text])).toEqual({ rows, frame });
});

test.each([
  ['{"list":[{"a":1}', 'not_json'],
  ['{"list":[{"a":1},', 'not_json'],
  ['{"list":[{"a":}]}', 'not_json'],
  ['{"list":[1,2]}', 'not_a_list'],
  ['{"list":null}', 'not_a_list'],
  ['{"rows":[{"a":1}]}', 'not_a_list'],
  ['<html>', 'not_json'],
  ['', 'not_json'],
  ['[{"a":1}]]', 'not_json'],
])('%s is no list', (text, code) => {
  expect(() => split([text])).toThrow(code);
  expect(() => split([...text])).toThrow(code);
});

const rows = fc.array(fc.dictionary(fc.string(), fc.jsonValue({ maxDepth: 3 })), { maxLength: 8 });

test('any list is taken apart, cut anywhere', () => {
  fc.assert(
    fc.property(rows, fc.array(fc.nat(200), { maxLength: 20 }), fc.boolean(), (list, cuts, isBare) => {
      const text = isBare ? JSON.stringify(list) : JSON.stringify({ a: { list: [1] }, list, pagination: null });
      const at = [...new Set(cuts)].filter((cut) => cut < text.length).toSorted((a, b) => a - b);
      const pieces = [0, ...at].map((from, index) => text.slice(from, at[index] ?? text.length));
      expect(split(pieces).rows).toEqual(JSON.parse(JSON.stringify(list)));
    }),
    { numRuns: 500 },
  );
});
