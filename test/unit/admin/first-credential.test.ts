// The credential of the first start: strong, private, and never replaced behind an admin's back.

import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firstCredential } from '../../../src/admin/first-credential.ts';

const folder = () => join(mkdtempSync(join(tmpdir(), 'gatehouse-admin-')), 'data');

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
  expect(() => firstCredential(dataDir)).toThrow(/admin-token does not hold an admin token; delete the file/);
  expect(() => firstCredential(dataDir)).not.toThrow(/hunter2/);
});
