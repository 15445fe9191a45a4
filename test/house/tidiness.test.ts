// What every file of the house owes its reader: a word on what it is for, a doc comment on what it exports, and a bearable size.

import { expect, test } from 'vitest';
import { sourceFiles } from './source-files.ts';

const MAX_LINES = 350;
const MAX_MEDIAN_LINES = 90;
const FORBIDDEN_NAMES = /^(utils?|helpers?|common|misc|shared|base)(-|\.|$)/;
const EXPORT =
  /^export (?:declare |abstract |async )?(?:function\*?|const|let|class|interface|type|enum) +([A-Za-z0-9_]+)/;

const files = sourceFiles();
const lines = (text: string) => text.trimEnd().split('\n');

test('every file opens with one to four lines that say what it does', () => {
  const bare = files.filter(({ text }) => {
    const body = lines(text.replace(/^#!.*\n/, ''));
    const opening = body.findIndex((line) => !line.startsWith('//'));
    return opening < 1 || opening > 4;
  });
  expect(bare.map(({ path }) => path)).toEqual([]);
});

test('every exported symbol has a doc comment', () => {
  const bare = files.flatMap(({ path, text }) => {
    const all = lines(text);
    return all.flatMap((line, at) => {
      const name = EXPORT.exec(line)?.[1];
      return name === undefined || all[at - 1]?.trimEnd().endsWith('*/') ? [] : [`${path}: ${name}`];
    });
  });
  expect(bare).toEqual([]);
});

test('no file is longer than 350 lines and the median is below 90', () => {
  const sizes = files.map(({ path, text }) => ({ path, size: lines(text).length }));
  expect(sizes.filter(({ size }) => size > MAX_LINES)).toEqual([]);
  const sorted = sizes.map(({ size }) => size).sort((a, b) => a - b);
  expect(sorted[Math.floor(sorted.length / 2)]).toBeLessThan(MAX_MEDIAN_LINES);
});

test('file names are nouns of the field, in kebab-case', () => {
  const names = files.flatMap(({ path }) => path.split('/').slice(1));
  expect(names.filter((name) => FORBIDDEN_NAMES.test(name) || !/^[a-z0-9-]+(\.ts)?$/.test(name))).toEqual([]);
});
