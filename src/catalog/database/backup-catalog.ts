// Copies a catalog while it is in use, and puts a copy in its place while it is not. Secrets stay sealed: a copy is of no use without
// the sealing key, which is to be kept apart from it.

import { closeSync, copyFileSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { type CopyDescription, describeCopy } from './describe-copy.ts';
import { damaged, findDamage } from './find-damage.ts';
import { versionOf } from './migrate.ts';
import { openForReading, openForWriting } from './open-database.ts';
import { createPrivately, takeWriterLock } from './writer-lock.ts';

/** Nobody else may be writing to a file that is restored or to a copy. */
const NO_WAIT_MS = 0;

/** The schema since which a file has an epoch and numbers. */
const SCHEMA_OF_EPOCHS = 3;

/** Writes a consistent copy of the catalog to a file of its own, readable by its owner only, whole and looked over, or not at all. */
export function backupCatalog(file: string, copy: string): CopyDescription {
  const target = resolve(copy);
  if (existsSync(target)) throw new CatalogUnusable(target, 'exists', 'name a file that does not exist yet');
  const unfinished = `${target}.new`;
  copyDatabase(file, unfinished);
  try {
    const description = describeCopy(unfinished);
    renameSync(unfinished, target);
    syncFile(dirname(target));
    return description;
  } finally {
    rmSync(unfinished, { force: true });
  }
}

/** What a restore did. */
export interface Restored {
  /** Where what was there before is now; undefined when nothing was. */
  readonly keptAs: string | undefined;
  /** Revocations of the file of before that the copy did not have. */
  readonly revocations: number;
  /** What the copy held. */
  readonly copy: CopyDescription;
}

/**
 * Puts a copy in the place of the catalog, which must not be in use. It gets a new epoch, so that followers take a snapshot. Revocations
 * that were made since the copy, and numbers that were given since, are taken over as far as the file of before can be read.
 */
export function restoreCatalog(copy: string, file: string, epoch: string): Restored {
  // On a new machine there is no folder yet.
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const giveBack = takeWriterLock(file);
  const restoring = `${file}.restoring`;
  try {
    copyDatabase(copy, restoring);
    const description = describeCopy(restoring);
    const db = openForWriting(restoring, NO_WAIT_MS);
    let revocations = 0;
    try {
      const version = versionOf(db, copy);
      if (version === 0) throw new CatalogUnusable(copy, 'is empty', 'name a copy that `gatehouse backup` made');
      const problems = findDamage(db);
      if (problems.length > 0) throw damaged(copy, problems.join('; '));
      if (version >= SCHEMA_OF_EPOCHS) {
        revocations = existsSync(file) ? takeOver(db, file) : 0;
        db.prepare('UPDATE meta SET epoch = ?, source_epoch = NULL, source_sequence = NULL').run(epoch);
      }
    } finally {
      db.close();
    }
    syncFile(restoring);
    const keptAs = existsSync(file) ? putAside(file) : undefined;
    renameSync(restoring, file);
    syncFile(dirname(file));
    return { keptAs, revocations, copy: description };
  } finally {
    rmSync(restoring, { force: true });
    giveBack();
  }
}

function copyDatabase(from: string, to: string): void {
  rmSync(to, { force: true });
  createPrivately(to);
  try {
    const db = openForReading(from);
    try {
      db.prepare('VACUUM INTO ?').run(to);
    } finally {
      db.close();
    }
    syncFile(to);
  } catch (error) {
    rmSync(to, { force: true });
    const { code = '', message } = error as { code?: string; message: string };
    if (!code.startsWith('SQLITE')) throw error;
    throw new CatalogUnusable(
      from,
      `cannot be copied (${message})`,
      'see that it is a catalog that can be read, and that the disk has room',
    );
  }
}

/** Best effort: a file that is restored may well be damaged. */
function takeOver(db: Database, file: string): number {
  try {
    db.prepare('ATTACH ? AS former').run(file);
    return db.transaction(() => {
      db.exec(`UPDATE meta SET next_number = max(next_number, (SELECT next_number FROM former.meta)),
        next_sequence = max(next_sequence, (SELECT next_sequence FROM former.meta))`);
      const columns = `id, kind, value, organization, key_manager_id, key_manager_type, issued_before_ms, expires_at_ms,
        created_at_ms, created_by, lifted, stream`;
      // A lift takes the place of its entry; what both have is the same.
      db.exec('DELETE FROM revocation WHERE lifted = 0 AND id IN (SELECT id FROM former.revocation WHERE lifted = 1)');
      return db
        .prepare(
          `INSERT INTO revocation (${columns}) SELECT ${columns} FROM former.revocation
           WHERE id NOT IN (SELECT id FROM main.revocation) ORDER BY sequence`,
        )
        .run().changes;
    })();
  } catch {
    return 0;
  }
}

/** Keeps what is there, with all that belongs to it in one file where that can be. */
function putAside(file: string): string {
  const keptAs = `${file}.before-restore`;
  for (const end of ['', '-wal', '-shm']) rmSync(`${keptAs}${end}`, { force: true });
  try {
    const db = openForWriting(file, NO_WAIT_MS);
    db.pragma('journal_mode = DELETE');
    db.close();
  } catch {
    // What is in its WAL must not be taken for a part of the new file.
    for (const end of ['-wal', '-shm']) if (existsSync(`${file}${end}`)) renameSync(`${file}${end}`, `${keptAs}${end}`);
  }
  // The old file stays until the new one takes its place in one step.
  createPrivately(keptAs);
  copyFileSync(file, keptAs);
  return keptAs;
}

function syncFile(path: string): void {
  const descriptor = openSync(path, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
