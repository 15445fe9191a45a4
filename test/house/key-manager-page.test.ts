// The page on key managers says what the code says: its sections on types are made from them, and every addition is explained.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { keyManagerPage } from '../../scripts/key-manager-page.ts';
import { SIGNATURE_ALGORITHMS } from '../../src/domain/signature-algorithm.ts';
import { sourceFiles, TOP } from './source-files.ts';

const page = readFileSync(join(TOP, 'docs/key-managers.md'), 'utf8');

test('the sections on types are what the script makes of them', () => {
  expect(keyManagerPage(page), 'edit the type, then run: npx node scripts/key-manager-page.ts').toBe(page);
});

test('every algorithm is named', () => {
  expect([...SIGNATURE_ALGORITHMS.keys()].filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});

test('every addition that is read is explained', () => {
  const read = sourceFiles()
    .filter(({ room }) => room === 'keymanagers')
    .flatMap(({ text }) => [
      ...text.matchAll(/\b(?:ours|section)\.(?:text|texts|flag|integer|choice|choices|record|section)\(\s*'(\w+)'/g),
    ])
    .map((match) => match[1] ?? '');
  expect(read.length).toBeGreaterThan(30);
  expect(read.filter((name) => !new RegExp(`\`(?:\\w+\\.)?${name}\``).test(page))).toEqual([]);
});
