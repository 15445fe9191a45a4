// The three-way comparison, against its definition field by field.

import fc from 'fast-check';
import { expect, test } from 'vitest';
import { mergeEntry } from '../../../../src/catalog/document/merge-entry.ts';
import { FieldDigester, type Fields } from '../../../../src/catalog/tables/field-digester.ts';

const digester = new FieldDigester('key', ['entry']);
const digestsOf = (given: Fields) => digester.digestsOf(given);
const value = fc.constantFrom<unknown>(undefined, 1, 2, [1], [2], { a: 1, b: 2 });
const fields = fc.record({ x: value, y: value, z: value }) as fc.Arbitrary<Fields>;
const same = (a: unknown, b: unknown) => JSON.stringify(a) === JSON.stringify(b);

test('each field follows the document where only the document changed it, and the catalog where only an admin did', () => {
  fc.assert(
    fc.property(fields, fields, fields, fc.boolean(), (base, catalog, current, catalogWins) => {
      const merge = mergeEntry(digestsOf(base), catalog, current, { digester, catalogWins });
      const names = ['x', 'y', 'z'];
      const disputed = names.filter(
        (name) =>
          !same(catalog[name], base[name]) && !same(current[name], base[name]) && !same(catalog[name], current[name]),
      );
      if (disputed.length > 0 && !catalogWins) {
        expect(merge.kind === 'conflict' && merge.conflicts.map(({ field }) => field).toSorted()).toEqual(disputed);
        return;
      }
      const result = merge.kind === 'update' ? merge.fields : current;
      expect(merge.kind).not.toBe('conflict');
      for (const name of names)
        expect(result[name]).toEqual(same(catalog[name], base[name]) ? current[name] : catalog[name]);
    }),
  );
});

test('the order of members is no change', () => {
  const merge = mergeEntry(
    digestsOf({ x: { a: 1, b: { c: 2, d: 3 } } }),
    { x: { b: { d: 3, c: 2 }, a: 1 } },
    { x: 9 },
    { digester, catalogWins: true },
  );
  expect(merge).toEqual({ kind: 'keep' });
});

test('an entry that is nowhere is added, and one that an admin deleted comes back only when the document changes it', () => {
  const base = digestsOf({ x: 1 });
  const options = { digester, catalogWins: false };
  expect(mergeEntry(undefined, { x: 1 }, undefined, options)).toEqual({ kind: 'insert' });
  expect(mergeEntry(base, { x: 1 }, undefined, options)).toEqual({ kind: 'keep' });
  expect(mergeEntry(base, { x: 1 }, undefined, { digester, catalogWins: true })).toEqual({ kind: 'keep' });
  expect(mergeEntry(base, { x: 2 }, undefined, options)).toMatchObject({ kind: 'conflict' });
  expect(mergeEntry(base, { x: 2 }, undefined, { digester, catalogWins: true })).toEqual({ kind: 'insert' });
});
