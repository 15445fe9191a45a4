// The page on storage says what there is: every table with every column, and every file of the data folder.

import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { expect, test, vi } from 'vitest';
import { loadSealingKeys } from '../../../../src/sealing/load-sealing-keys.ts';
import { behindItsBack, openTemporary } from '../temporary-catalog.ts';

// Each test starts a thread, and machines are busy.
vi.setConfig({ testTimeout: 30_000 });

const page = readFileSync(new URL('../../../../docs/storage.md', import.meta.url), 'utf8');

/** Names in the first cells of the rows under each heading. */
function explained(): Record<string, readonly string[]> {
  const [, tables = ''] = page.split('## Tables\n');
  const sections = tables.split(/^### /m).slice(1);
  return Object.fromEntries(
    sections.map((section) => {
      const cells = [...section.matchAll(/^\| (`[^|]+) \|/gm)].flatMap(([, cell = '']) => [
        ...cell.matchAll(/`(\w+)`/g),
      ]);
      return [/^`(\w+)`/.exec(section)?.[1] ?? '', cells.map(([, name = '']) => name).toSorted()];
    }),
  );
}

test('every table and column of the schema is explained, and nothing else', async () => {
  const { file } = await openTemporary();
  const schema = behindItsBack(file, (db) => {
    const tables = db
      .prepare<[], string>("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'")
      .pluck()
      .all();
    const columns = db.prepare<[string], string>('SELECT name FROM pragma_table_info(?) ORDER BY name').pluck();
    return Object.fromEntries(tables.map((table) => [table, columns.all(table)]));
  });
  expect(explained()).toEqual(schema);
});

test('every file is explained', async () => {
  const { file } = await openTemporary();
  loadSealingKeys({ sources: [], dataDir: dirname(file), environment: {}, make: true });
  const [, files = ''] = page.split('## Files\n');
  const names = readdirSync(dirname(file));
  expect(names).toContain('sealing-key');
  expect(names.filter((name) => !files.includes(`\`${name}\``))).toEqual([]);
});
