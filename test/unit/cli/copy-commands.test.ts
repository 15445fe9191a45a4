// `gatehouse backup` and `gatehouse restore`, with the catalogs that they copy.

import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { backupCatalog, restoreCatalog } from '../../../src/app/copy-catalog.ts';
import { openCatalog } from '../../../src/catalog/open-catalog.ts';
import { runCli, temporaryFolder } from './cli-rig.ts';

const SEALING_KEY = { id: 'test', secret: Buffer.alloc(32, 7).toString('base64url') };

async function ended(...args: string[]) {
  const run = runCli(args, { app: { backupCatalog, restoreCatalog } });
  const code = await run.code;
  return { code, text: [...run.out, ...run.err].join('\n') };
}

test('a copy is made beside a catalog in use, and put back when that is closed; each says what it did', async () => {
  const folder = temporaryFolder();
  const copy = join(folder, 'copy.db');
  const file = join(folder, 'catalog.db');
  const catalog = await openCatalog({
    file,
    sealingKeys: [SEALING_KEY],
    resolveKeyManager: () => undefined,
    report: () => undefined,
  });
  const first = catalog.feed.position();
  const made = await ended('backup', copy, '--data', folder);
  expect(made).toMatchObject({ code: 0, text: expect.stringContaining('they need the sealing keys: test.') });
  expect(made.text).toContain(`SHA-256: ${createHash('sha256').update(readFileSync(copy)).digest('hex')}`);
  expect(made.text).toMatch(/^Rows: key_manager 0, .* subscription 0, /m);
  expect(await ended('backup', copy, '--data', folder)).toMatchObject({
    code: 1,
    text: expect.stringContaining('exists'),
  });
  expect(await ended('restore', copy, '--data', folder)).toMatchObject({
    code: 1,
    text: expect.stringContaining('in use'),
  });
  await catalog.close();
  const restored = await ended('restore', copy, '--data', folder);
  expect(restored).toMatchObject({ code: 0, text: expect.stringContaining('before-restore') });
  expect(existsSync(`${file}.before-restore`)).toBe(true);
  const again = await openCatalog({
    file,
    sealingKeys: [SEALING_KEY],
    resolveKeyManager: () => undefined,
    report: () => undefined,
  });
  expect(again.feed.position().epoch).not.toBe(first.epoch);
  await again.close();
});

test('a copy or a catalog that is not there is told, and nothing is made of it', async () => {
  const folder = temporaryFolder();
  const nowhere = join(folder, 'nowhere.db');
  expect(await ended('restore', nowhere, '--data', folder)).toMatchObject({ code: 1 });
  expect(await ended('backup', nowhere, '--data', folder)).toMatchObject({ code: 1 });
  expect(existsSync(nowhere)).toBe(false);
  expect(existsSync(join(folder, 'catalog.db'))).toBe(false);
});
