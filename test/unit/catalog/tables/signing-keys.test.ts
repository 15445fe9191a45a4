// Signing keys at rest: sealed in their own row, one that signs, retired ones until their time is over, and the audit of each rotation.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test, vi } from 'vitest';
import type { StoredSigningKey } from '../../../../src/domain/signing-key.ts';
import type { SealingKey } from '../../../../src/sealing/sealing-key.ts';
import { AUDIT, SEALING_KEY } from '../catalog-samples.ts';
import { behindItsBack, openTemporary, temporaryFile } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const OTHER_KEY: SealingKey = { id: 'next', secret: Buffer.alloc(32, 9).toString('base64url') };
const key = (id: string, createdAtMs: number): StoredSigningKey => ({
  id,
  algorithm: 'ES256',
  createdAtMs,
  retiredAtMs: null,
  publishedUntilMs: null,
  privateKey: `CANARY of ${id}`,
});
const until = (atMs: number, publishedUntilMs: number) => ({ atMs, publishedUntilMs });

test('a rotation retires the key that signed; those whose time is over go with the next one', async () => {
  const { lists, writer } = await openTemporary();
  expect(lists.openSigningKeys()).toEqual([]);
  await writer.rotateSigningKey(key('one', 10), until(10, 20), undefined);
  await writer.rotateSigningKey(key('two', 100), until(100, 200), AUDIT);
  expect(lists.openSigningKeys()).toEqual([
    key('two', 100),
    { ...key('one', 10), retiredAtMs: 100, publishedUntilMs: 200 },
  ]);
  await writer.rotateSigningKey(key('three', 201), until(201, 301), AUDIT);
  expect(lists.openSigningKeys()?.map(({ id }) => id)).toEqual(['three', 'two']);
  const { list } = lists.listAudit(null, { offset: 0, limit: 10 });
  expect(list.map(({ target }) => target)).toEqual(['three', 'two']);
  expect(JSON.stringify(list)).not.toContain('CANARY');
});

test('no private key stands in any file in the clear, and each opens in its own row only', async () => {
  const { lists, writer, file } = await openTemporary();
  await writer.rotateSigningKey(key('one', 10), until(10, 20), undefined);
  await writer.rotateSigningKey(key('two', 15), until(15, 25), undefined);
  for (const name of readdirSync(dirname(file)))
    expect(readFileSync(join(dirname(file), name)).includes('CANARY'), name).toBe(false);
  behindItsBack(file, (db) =>
    db.exec("UPDATE signing_key SET sealed = (SELECT sealed FROM signing_key WHERE id = 'one') WHERE id = 'two'"),
  );
  expect(lists.openSigningKeys()).toBeUndefined();
});

test('a start with a new sealing key in front seals them anew, so that the old one can go', async () => {
  const file = temporaryFile();
  const first = await openTemporary(file);
  await first.writer.rotateSigningKey(key('one', 10), until(10, 20), undefined);
  await first.close();
  await (await openTemporary(file, { sealingKeys: [OTHER_KEY, SEALING_KEY] })).close();
  const third = await openTemporary(file, { sealingKeys: [OTHER_KEY] });
  expect(third.lists.openSigningKeys()).toEqual([key('one', 10)]);
});
