// Opens a catalog that another process writes, for a process that only decides.

import type { KeySetStore } from '../authorize/ports.ts';
import type { StoredSigningKey } from '../domain/signing-key.ts';
import type { SealingKey } from '../sealing/sealing-key.ts';
import { SecretSealer } from '../sealing/secret-sealer.ts';
import { openForReading } from './database/open-database.ts';
import { CatalogReader } from './lookup/catalog-reader.ts';
import type { ResolveKeyManager } from './lookup/structure-loader.ts';
import type { ReportCatalogEvent } from './outcome/catalog-event.ts';
import { CatalogUnusable } from './outcome/catalog-unusable.ts';
import { listSigningKeys } from './tables/stored-signing-keys.ts';

/** What it is opened with. */
export interface DecidingCatalogOptions {
  /** As its writer has opened it. */
  readonly file: string;
  /** The writer's. */
  readonly sealingKeys: readonly SealingKey[];
  readonly resolveKeyManager: ResolveKeyManager;
  readonly report: ReportCatalogEvent;
}

/** A catalog for decisions. */
export interface DecidingCatalog {
  readonly reader: CatalogReader;
  readonly loadKeySet: KeySetStore['load'];
  /** The one that signs first; undefined where one does not open. Throws where the file cannot be read. */
  readonly openSigningKeys: () => readonly StoredSigningKey[] | undefined;
  /** Must be before the writer's own end, which cleans up after all others. */
  readonly close: () => void;
}

/** Throws {@link CatalogUnusable} where it cannot be read. */
export function openForDecisions(options: DecidingCatalogOptions): DecidingCatalog {
  const { file, resolveKeyManager, sealingKeys } = options;
  const sealer = new SecretSealer(sealingKeys);
  let problem = 'unknown error';
  const db = openForReading(file);
  const reader = new CatalogReader({
    ...{ db, sealer, resolveKeyManager },
    report: (event) => {
      if (event.kind === 'unreadable') problem = event.message;
      options.report(event);
    },
  });
  if (reader.snapshot() === undefined) {
    db.close();
    throw new CatalogUnusable(file, `cannot be read (${problem})`, 'see that its writer still runs');
  }
  return {
    reader,
    loadKeySet: (keyManagerId, url) => reader.loadKeySet(keyManagerId, url),
    openSigningKeys: () => listSigningKeys(db, sealer),
    close: () => db.close(),
  };
}
