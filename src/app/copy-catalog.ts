// Copies of the catalog for the command line: without listening, and without asking for the sealing keys, which a copy does not need.

import { restoreCatalog as putBack, backupCatalog as writeCopy } from '../catalog/database/backup-catalog.ts';
import type { CopyDescription } from '../catalog/database/describe-copy.ts';
import { CatalogUnusable } from '../catalog/outcome/catalog-unusable.ts';
import { catalogDatabase } from '../catalog-file.ts';
import type { CopyOutcome } from '../cli/cli-app.ts';
import type { Settings } from '../settings/settings.ts';

/** Writes a copy of the catalog, in use or not. */
export async function backupCatalog(settings: Settings, copy: string): Promise<CopyOutcome> {
  return outcomeOf(() => {
    const description = writeCopy(catalogDatabase(settings), copy);
    return [
      `${copy} holds the catalog and is sound. Keep the sealing keys too, apart from it.`,
      ...linesOf(description),
      `SHA-256: ${description.sha256}`,
    ];
  });
}

/** Puts a copy in the place of the catalog, which must not be in use. */
export async function restoreCatalog(settings: Settings, copy: string): Promise<CopyOutcome> {
  return outcomeOf(() => {
    const file = catalogDatabase(settings);
    const { keptAs, revocations, copy: description } = putBack(copy, file, crypto.randomUUID());
    const kept =
      keptAs === undefined
        ? []
        : [`What was there before is ${keptAs}; ${revocations} revocation(s) of it were taken over.`];
    return [`${file} is as the copy was. Followers will take a fresh snapshot.`, ...linesOf(description), ...kept];
  });
}

function linesOf({ rows, sealingKeys }: CopyDescription): readonly string[] {
  const counts = Object.entries(rows).map(([table, count]) => `${table} ${count}`);
  const keys = sealingKeys.join(', ') || 'none';
  return [`Rows: ${counts.join(', ')}.`, `Its secrets are sealed; they need the sealing keys: ${keys}.`];
}

function outcomeOf(work: () => readonly string[]): CopyOutcome {
  try {
    return { kind: 'done', told: work() };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (!(error instanceof CatalogUnusable) && code === undefined) throw error;
    return { kind: 'failed', problem: message };
  }
}
