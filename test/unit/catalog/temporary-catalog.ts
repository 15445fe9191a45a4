// A catalog in a folder of its own, closed and removed when the test is over.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Database from 'better-sqlite3';
import { onTestFinished } from 'vitest';
import { openForReading } from '../../../src/catalog/database/open-database.ts';
import { CatalogReader } from '../../../src/catalog/lookup/catalog-reader.ts';
import { type OpenCatalog, type OpenCatalogOptions, openCatalog } from '../../../src/catalog/open-catalog.ts';
import type { CatalogEvent } from '../../../src/catalog/outcome/catalog-event.ts';
import type { Subscriber } from '../../../src/domain/subscriber.ts';
import { SecretSealer } from '../../../src/sealing/secret-sealer.ts';
import { ORGANIZATION, resolveKeyManager, SEALING_KEY } from './catalog-samples.ts';

/** A file name in a new folder that goes when the test is over. */
export function temporaryFile(): string {
  const folder = mkdtempSync(join(tmpdir(), 'catalog-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return join(folder, 'data', 'catalog.db');
}

/** An open catalog that is closed when the test is over, and what it reported. */
export async function openTemporary(
  file = temporaryFile(),
  options: Partial<OpenCatalogOptions> = {},
): Promise<OpenCatalog & { readonly file: string; readonly events: CatalogEvent[] }> {
  const events: CatalogEvent[] = [];
  const report = (event: CatalogEvent) => events.push(event);
  const catalog = await openCatalog({
    file,
    sealingKeys: [SEALING_KEY],
    resolveKeyManager,
    report,
    busyTimeoutMs: 50,
    ...options,
  });
  onTestFinished(() => catalog.close());
  return { ...catalog, file, events };
}

/** A reader of a file that somebody else writes, as a worker process has it. */
export function openReader(file: string): CatalogReader {
  const db = openForReading(file);
  onTestFinished(() => void db.close());
  return new CatalogReader({ db, sealer: new SecretSealer([SEALING_KEY]), resolveKeyManager, report: () => undefined });
}

/** Does to the file what an admin's write over HTTP would do; also reads what no interface shows. */
export function behindItsBack<T>(file: string, work: (db: Database.Database) => T): T {
  const db = new Database(file);
  try {
    db.pragma('foreign_keys = ON');
    return work(db);
  } finally {
    db.close();
  }
}

/** Ids by the names that the facts use. */
export function idsOf({ reader, lists }: OpenCatalog) {
  const keyManagers = new Map(lists.listKeyManagers(ORGANIZATION).map(({ id, dto }) => [dto.name, id]));
  const apis = new Map(lists.listApis(ORGANIZATION).map(({ id, name }) => [name, id]));
  const subscriber = (consumerKey: string, keyManagerName = 'Partner', apiName = 'Pizza') =>
    subscriberOf(reader, consumerKey, keyManagers.get(keyManagerName), apis.get(apiName));
  return { keyManagers, apis, subscriber };
}

/** What the catalog says of a client at this moment. */
export function subscriberOf(
  reader: OpenCatalog['reader'],
  consumerKey: string,
  keyManagerId: string | undefined,
  apiId: string | undefined,
): Subscriber {
  const found = reader.moment()?.findSubscriber(consumerKey, keyManagerId ?? '', apiId ?? '');
  if (found === undefined || found === 'stale') throw new Error('the catalog cannot be read');
  return found;
}
