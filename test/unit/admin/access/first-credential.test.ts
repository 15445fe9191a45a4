// The credential of the first start: strong, private, and never replaced behind an admin's back.

import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { firstCredential } from '../../../../src/admin/access/first-credential.ts';
import { temporaryFolder } from '../../../rig/temporary-folder.ts';

const folder = () => join(temporaryFolder(), 'data');

test('is a random token of 256 bits in a file that only the owner can read', () => {
  const { path, sha256 } = firstCredential(folder());
  const token = readFileSync(path, 'utf8').trim();
  expect(Buffer.from(token, 'base64url')).toHaveLength(32);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(sha256).toBe(createHash('sha256').update(token).digest('hex'));
  expect(firstCredential(folder()).sha256).not.toBe(sha256);
});

test('is the same one when the file of an earlier start is there', () => {
  const dataDir = folder();
  expect(firstCredential(dataDir)).toEqual(firstCredential(dataDir));
});

test('is not made from a file that holds something else, and the error does not repeat it', () => {
  const dataDir = folder();
  const { path } = firstCredential(dataDir);
  writeFileSync(path, 'hunter2\n');
  expect(() => firstCredential(dataDir)).toThrow(/admin-token does not hold an admin token; delete it and start again/);
  expect(() => firstCredential(dataDir)).not.toThrow(/hunter2/);
});

test.each([
  ['that others may write', (path: string) => chmodSync(path, 0o602), 'is open to users beside its owner'],
  ['that the group may read', (path: string) => chmodSync(path, 0o640), 'is open to users beside its owner'],
  [
    'behind a symbolic link',
    (path: string) => {
      renameSync(path, `${path}-elsewhere`);
      symlinkSync(`${path}-elsewhere`, path);
    },
    'is a symbolic link',
  ],
  [
    'behind a symbolic link that leads nowhere',
    (path: string) => {
      rmSync(path);
      symlinkSync(`${path}-nowhere`, path);
    },
    'is a symbolic link',
  ],
  [
    'that is a named pipe',
    (path: string) => {
      rmSync(path);
      execFileSync('mkfifo', ['-m', '600', path]);
    },
    'is not a regular file',
  ],
  [
    'that is a folder',
    (path: string) => {
      rmSync(path);
      mkdirSync(path);
    },
    'is not a regular file',
  ],
])('is not taken from a file %s; the error names the file and the fix', (_what, spoil, why) => {
  const dataDir = folder();
  const { path } = firstCredential(dataDir);
  spoil(path);
  expect(() => firstCredential(dataDir)).toThrow(`${path} ${why}`);
  expect(() => firstCredential(dataDir)).toThrow('delete it and start again');
});

test('is not taken from a file of another user', () => {
  const dataDir = folder();
  firstCredential(dataDir);
  const uid = vi.spyOn(process, 'getuid').mockReturnValue((process.getuid?.() ?? 0) + 1);
  onTestFinished(() => uid.mockRestore());
  expect(() => firstCredential(dataDir)).toThrow(/admin-token belongs to another user; delete it and start again/);
});
