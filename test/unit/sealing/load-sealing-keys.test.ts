// Where sealing keys come from, and which are not taken.

import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { loadSealingKeys } from '../../../src/sealing/load-sealing-keys.ts';
import { fingerprint, newFingerprintKey } from '../../../src/sealing/secret-sealer.ts';
import { temporaryFolder } from '../../rig/temporary-folder.ts';

const bytes = Buffer.alloc(32, 0xfb);
const load = (sources: { id: string; file?: string; env?: string }[], environment = {}, make = true) =>
  loadSealingKeys({
    sources: sources.map(({ id, file = null, env = null }) => ({ id, file, env })),
    dataDir: join(temporaryFolder(), 'data'),
    environment,
    make,
  });

test('without settings a key is made at the first start, for its owner alone, and is the same one later', () => {
  const dataDir = join(temporaryFolder(), 'data');
  const options = { sources: [], dataDir, environment: {}, make: true };
  const first = loadSealingKeys(options);
  const file = join(dataDir, 'sealing-key');
  expect(first.made).toBe(file);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(Buffer.from(first.keys[0]?.secret ?? '', 'base64url')).toHaveLength(32);
  expect(loadSealingKeys(options)).toEqual({ keys: first.keys, made: undefined });
  expect(loadSealingKeys({ ...options, make: false }).keys).toEqual(first.keys);
  expect(readFileSync(file, 'utf8').trim()).toBe(first.keys[0]?.secret);
  expect(first.keys[0]?.id).not.toBe(load([]).keys[0]?.id);
});

test('who may leave no trace makes no key', () => {
  const dataDir = join(temporaryFolder(), 'data');
  expect(loadSealingKeys({ sources: [], dataDir, environment: {}, make: false })).toEqual({
    keys: [],
    made: undefined,
  });
  expect(existsSync(dataDir)).toBe(false);
});

test('an own key that others may know, or that is none, ends the start without being repeated', () => {
  const dataDir = join(temporaryFolder(), 'data');
  const options = { sources: [], dataDir, environment: {}, make: true };
  loadSealingKeys(options);
  const file = join(dataDir, 'sealing-key');
  chmodSync(file, 0o640);
  expect(() => loadSealingKeys(options)).toThrow(/sealing-key is open to users beside its owner/);
  chmodSync(file, 0o600);
  writeFileSync(file, 'hunter2');
  expect(() => loadSealingKeys(options)).toThrow(/sealing-key does not hold a sealing key/);
  expect(() => loadSealingKeys(options)).not.toThrow(/hunter2/);
});

test.each([
  ['hex', bytes.toString('hex')],
  ['base64', bytes.toString('base64')],
  ['base64url', bytes.toString('base64url')],
  ['base64 with a line end', `${bytes.toString('base64')}\n`],
])('configured keys are read as %s, from files and the environment, in their order', (_form, text) => {
  const file = join(temporaryFolder(), 'key');
  writeFileSync(file, text);
  const { keys } = load(
    [
      { id: 'new', env: 'SEALING_KEY' },
      { id: 'old', file },
    ],
    { SEALING_KEY: text },
  );
  const secret = bytes.toString('base64url');
  expect(keys).toEqual([
    { id: 'new', secret },
    { id: 'old', secret },
  ]);
});

test.each([
  ['a file that is not there', [{ id: 'a', file: '/nowhere/key' }], '"a" cannot be read from /nowhere/key (ENOENT)'],
  ['a variable that is not set', [{ id: 'a', env: 'NOT_SET' }], '"a" is not there: the variable NOT_SET is not set'],
  ['too short a key', [{ id: 'a', env: 'SHORT' }], '"a" is not 32 bytes'],
  ['a password', [{ id: 'a', env: 'PASSWORD' }], '"a" is not 32 bytes'],
  [
    'two keys of one id',
    [
      { id: 'a', env: 'GOOD' },
      { id: 'a', env: 'GOOD' },
    ],
    'two keys "a"',
  ],
])('%s ends the start with a sentence', (_what, sources, message) => {
  const environment = { SHORT: 'c2hvcnQ=', PASSWORD: 'correct horse battery staple', GOOD: bytes.toString('hex') };
  expect(() => load(sources, environment)).toThrow(message);
  expect(() => load(sources, environment)).not.toThrow(/c2hvcnQ|horse/);
});

test('a fingerprint depends on its key, its place and its text', () => {
  const [key, other] = [newFingerprintKey(), newFingerprintKey()];
  const one = fingerprint(key, ['a', 'b'], 'secret');
  expect(fingerprint(key, ['a', 'b'], 'secret')).toBe(one);
  const others = [
    fingerprint(other, ['a', 'b'], 'secret'),
    fingerprint(key, ['ab'], 'secret'),
    fingerprint(key, ['a'], 'bsecret'),
    fingerprint(key, ['a', 'b'], 'Secret'),
  ];
  expect(new Set([one, ...others]).size).toBe(5);
});
