import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { judgeKeyManager } from '../../../src/keymanagers/judge-key-manager.ts';
import { loadKeyManagerTypes } from '../../../src/keymanagers/load-types.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';
import { dto } from './key-manager-sample.ts';

const folder = mkdtempSync(join(tmpdir(), 'types-'));
afterAll(() => rmSync(folder, { recursive: true }));

let files = 0;
const moduleOf = (text: string) => {
  const path = join(folder, `module-${++files}.mjs`);
  writeFileSync(path, text);
  return path;
};
const exporting = (...types: readonly object[]) => moduleOf(`export const keyManagerTypes = ${JSON.stringify(types)};`);
const HOUSE = { type: 'House-IdP', displayName: 'House', discovery: '{base}', consumerKeyClaims: ['client'] };

test('without modules there are the built-in types', async () => {
  expect(await loadKeyManagerTypes([])).toEqual(BUILT_IN_TYPES);
});

test('a module adds types and presets; what they leave out is standard', async () => {
  const preset = { ...HOUSE, type: 'CustomKeyManager', preset: 'house' };
  const types = await loadKeyManagerTypes([exporting(HOUSE, preset)]);
  expect(types.byType.get('House-IdP')).toMatchObject({ ...HOUSE, profile: 'standard', scopesClaims: ['scope'] });
  expect(types.byPreset.get('house')).toMatchObject(preset);
  const checks = { urlProblem: () => undefined, pemProblem: () => undefined };
  const judged = judgeKeyManager(dto({ type: 'House-IdP' }), { types, checks, origin: 'admin_side' });
  expect(judged).not.toHaveProperty('problems');
});

test.each<[string, () => string, string]>([
  ['is not there', () => join(folder, 'absent.mjs'), 'cannot be loaded'],
  ['cannot be read as JavaScript', () => moduleOf('export const = ;'), 'cannot be loaded'],
  ['throws', () => moduleOf('throw new Error("no licence")'), 'no licence'],
  ['exports nothing of the kind', () => moduleOf('export const types = [];'), 'keyManagerTypes'],
  ['exports an empty list', () => exporting(), 'keyManagerTypes'],
  ['has an item that is no object', () => moduleOf('export const keyManagerTypes = [7];'), 'is no object'],
  ['lacks a type', () => exporting({ displayName: 'x', discovery: 'y' }), 'a wrong type'],
  ['misspells a member', () => exporting({ ...HOUSE, scopeClaims: ['x'] }), 'unknown member scopeClaims'],
  ['names an algorithm that is never accepted', () => exporting({ ...HOUSE, algorithms: ['HS256'] }), 'algorithms'],
  ['names no client', () => exporting({ ...HOUSE, consumerKeyClaims: [] }), 'consumerKeyClaims'],
  ['has a mark that marks nothing', () => exporting({ ...HOUSE, marks: [{ claim: 'x' }] }), 'marks'],
  ['has a pattern that is none', () => exporting({ ...HOUSE, referencePattern: '(' }), 'referencePattern'],
  ['has half of the introspection rules', () => exporting({ ...HOUSE, introspection: {} }), 'introspection'],
  ['has an unknown profile', () => exporting({ ...HOUSE, profile: 'toString' }), 'profile'],
  ['replaces a built-in type', () => exporting({ ...HOUSE, type: 'KeyCloak' }), 'KeyCloak exists already'],
  [
    'replaces a built-in preset',
    () => exporting({ ...HOUSE, type: 'CustomKeyManager', preset: 'cognito' }),
    'cognito exists already',
  ],
  ['gives another type a preset', () => exporting({ ...HOUSE, preset: 'mine' }), 'only CustomKeyManager has presets'],
  ['names one type twice', () => exporting(HOUSE, HOUSE), 'exists already'],
])('a module that %s ends the boot with a sentence that names it', async (_what, path, sentence) => {
  const file = path();
  const error = await loadKeyManagerTypes([file]).then(
    () => undefined,
    (reason: unknown) => reason as Error,
  );
  expect(error?.message).toContain(file);
  expect(error?.message).toContain(sentence);
});
