// Opens the catalog for its one writer: lock, file, schema, and as much checking as the last stop calls for.
// Whatever is wrong, nothing is deleted or repaired here.

import { existsSync, mkdirSync, realpathSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import type { Database } from 'better-sqlite3';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import { SecretSealer } from '../../sealing/secret-sealer.ts';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { beginRun } from './begin-run.ts';
import { damaged, findDamage } from './find-damage.ts';
import { migrate } from './migrate.ts';
import { makeDurable, openForWriting } from './open-database.ts';
import { sealCatalog } from './seal-catalog.ts';
import { createPrivately, takeWriterLock } from './writer-lock.ts';

/** The catalog, open for writing and marked as open. */
export interface WritableCatalog {
  /** Where it really is, links resolved. */
  readonly file: string;
  readonly db: Database;
  /** The last stop was clean, so the full check was left for later. */
  readonly wasClean: boolean;
  readonly sealer: SecretSealer;
  /** Key of digests that tell nothing about what was digested. */
  readonly fingerprintKey: string;
  /** Marks the file as cleanly closed, closes it and lets the next writer in. */
  close(): void;
}

/** What is opened, and with what. */
export interface OpenWritableOptions {
  readonly file: string;
  readonly busyTimeoutMs: number;
  /** The first seals, all open. */
  readonly sealingKeys: readonly SealingKey[];
  /** Members of `additionalProperties` that are secrets of a type beside those that sound so, by type. */
  readonly secretNames: Readonly<Record<string, readonly string[]>>;
}

/** Throws {@link CatalogUnusable} when the file cannot be used. */
export function openWritable(options: OpenWritableOptions): WritableCatalog {
  const { busyTimeoutMs, sealingKeys, secretNames } = options;
  const sealer = new SecretSealer(sealingKeys);
  let file = resolve(options.file);
  const undo: (() => void)[] = [];
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    // One lock for one file, by whatever link it is reached.
    file = existsSync(file) ? realpathSync(file) : join(realpathSync(dirname(file)), basename(file));
    undo.push(takeWriterLock(file));
    createPrivately(file);
    const db = openForWriting(file, busyTimeoutMs);
    undo.push(() => db.close());
    migrate(db, file, { sealer, secretNames });
    makeDurable(db);
    const wasClean = db.prepare('SELECT clean FROM meta').pluck().get() === 1;
    const problems = wasClean ? [] : findDamage(db);
    if (problems.length > 0) throw damaged(file, problems.join('; '));
    beginRun(db);
    const fingerprintKey = sealCatalog(db, file, sealer, sealingKeys);
    db.exec('UPDATE meta SET clean = 0');
    const close = () => {
      db.exec('UPDATE meta SET clean = 1');
      for (const step of undo.reverse()) step();
    };
    return { file, db, wasClean, sealer, fingerprintKey, close };
  } catch (error) {
    for (const step of undo.reverse()) step();
    throw asUnusable(file, error);
  }
}

/** Turns what SQLite or the file system says into a boot failure that says what to do; anything else is a defect. */
function asUnusable(file: string, error: unknown): unknown {
  const { code = '', message } = error as { code?: string; message: string };
  if (error instanceof CatalogUnusable || code === '') return error;
  if (code === 'SQLITE_NOTADB')
    return new CatalogUnusable(file, 'is not a SQLite file', 'name a file of its own for the catalog');
  if (code.startsWith('SQLITE_CORRUPT')) return damaged(file, message);
  if (code.startsWith('SQLITE_BUSY'))
    return new CatalogUnusable(file, 'is locked by another program', 'end the program that has it open for writing');
  return new CatalogUnusable(
    file,
    `cannot be opened for writing (${code})`,
    'see that its folder exists, is writable for this user and has free space',
  );
}
