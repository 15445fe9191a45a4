// Tries a catalog document on a copy of the catalog that is thrown away: what applying it would come to, names and conflicts
// included. The catalog itself, which may be another process's, is only read.

import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CatalogFacts } from '../domain/catalog-facts.ts';
import type { SealingKey } from '../sealing/sealing-key.ts';
import { openForReading } from './database/open-database.ts';
import type { ApplyCatalogOptions } from './document/apply-catalog.ts';
import type { CatalogResult } from './document/catalog-result.ts';
import { openCatalog } from './open-catalog.ts';

/** The result that applying would have; an absent `file` counts as empty. Rejects when the file is no catalog, or of other keys. */
export async function rehearseCatalog(
  file: string,
  sealingKeys: readonly SealingKey[],
  facts: CatalogFacts,
  digest: string,
  options: ApplyCatalogOptions,
): Promise<CatalogResult> {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-rehearsal-'));
  try {
    const copy = join(folder, 'catalog.db');
    if (existsSync(file)) copyDatabase(file, copy);
    const catalog = await openCatalog({
      file: copy,
      sealingKeys,
      resolveKeyManager: () => undefined,
      report: () => {},
    });
    const result = await catalog.writer.applyCatalog(facts, digest, options);
    await catalog.close();
    return result;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** One consistent copy, also while another process writes. */
function copyDatabase(file: string, copy: string): void {
  const db = openForReading(file);
  try {
    db.prepare('VACUUM INTO ?').run(copy);
  } finally {
    db.close();
  }
}
