// `config/gatehouse.yaml` is the reference of all settings: complete, with the true defaults, and with a reason for each.

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { documentLeaves } from '../../../src/documents/settings/document-leaves.ts';
import { settingsDocument } from '../../../src/documents/settings/settings-document.ts';
import { variableName } from '../../../src/settings/environment.ts';
import { loadSettings } from '../../../src/settings/load-settings.ts';

const text = readFileSync(new URL('../../../config/gatehouse.yaml', import.meta.url), 'utf8');

test('the file gives every setting its default', () => {
  expect(loadSettings({ file: { name: 'gatehouse.yaml', text } })).toEqual(loadSettings({}));
  // Compared as written, so that a key that is left out is found although its default would fill it in.
  expect(parse(text)).toEqual(settingsDocument.parse({}));
});

test('every setting of the file has a line of why above it', () => {
  const lines = text.split('\n');
  const bare = lines.flatMap((line, index) => {
    const key = /^( {0,4})([a-zA-Z]+):/.exec(line);
    const inMap = /^ {4}x-/.test(line);
    const section = lines[index + 1]?.startsWith(`${key?.[1] ?? ''}  `) ?? false;
    return key === null || inMap || section || lines[index - 1]?.trimStart().startsWith('#') ? [] : [key[2]];
  });
  expect(bare).toEqual([]);
});

test('no two settings share a variable', () => {
  const names = documentLeaves(settingsDocument).map((leaf) => variableName(leaf.path));
  expect(new Set(names).size).toBe(names.length);
  expect(names).toContain('GATEHOUSE_EXTAUTHZ_BUDGET_MS');
});
