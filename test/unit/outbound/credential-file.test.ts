import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';
import { readCredentialFile } from '../../../src/outbound/credential-file.ts';
import { temporaryFolder } from '../../rig/temporary-folder.ts';

let top: string;
let secrets: string;
beforeEach(() => {
  top = temporaryFolder();
  secrets = join(top, 'secrets');
  mkdirSync(secrets);
});
const read = (path: string) => readCredentialFile(path, [secrets, join(top, 'absent')]);

test('reads a credential anew each time, through the link that Kubernetes swaps', async () => {
  for (const data of ['..2026_1', '..2026_2']) {
    mkdirSync(join(secrets, data));
    writeFileSync(join(secrets, data, 'token'), `token-${data}\n`);
  }
  symlinkSync('..2026_1', join(secrets, 'one'));
  expect(await read(join(secrets, 'one', 'token'))).toBe('token-..2026_1');
  symlinkSync('..2026_2', join(secrets, 'two'));
  expect(await read(join(secrets, 'two', 'token'))).toBe('token-..2026_2');
  writeFileSync(join(secrets, '..2026_2', 'token'), 'newer');
  expect(await read(join(secrets, 'two', 'token'))).toBe('newer');
});

test('reads no file outside of the directories, whatever the path or link', async () => {
  writeFileSync(join(top, 'sealing-key'), 'secret');
  mkdirSync(join(top, 'secrets-too'));
  writeFileSync(join(top, 'secrets-too', 'token'), 'secret');
  symlinkSync(join(top, 'sealing-key'), join(secrets, 'link'));
  for (const path of ['sealing-key', 'secrets/../sealing-key', 'secrets/link', 'secrets-too/token', 'secrets'])
    expect(await read(join(top, path))).toBeUndefined();
  expect(await read('')).toBeUndefined();
  expect(await read('/dev/zero')).toBeUndefined();
  expect(await read('\0')).toBeUndefined();
});

test.each([
  ['nothing', ''],
  ['two lines', 'a\nb'],
  ['a header more', 'a\r\nx-evil: 1'],
  ['other characters', 'pass word'],
  ['what is not ASCII', 'é'],
  ['too much', 'a'.repeat(16_385)],
])('takes no file that holds %s', async (_what, content) => {
  writeFileSync(join(secrets, 'token'), content);
  expect(await read(join(secrets, 'token'))).toBeUndefined();
});

test('a file that is not there yet is read as soon as it is', async () => {
  expect(await read(join(secrets, 'token'))).toBeUndefined();
  writeFileSync(join(secrets, 'token'), 'a.b.c');
  expect(await read(join(secrets, 'token'))).toBe('a.b.c');
});
