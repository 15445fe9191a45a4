// Keeps a copy of a catalog file beside it before its schema is changed. The copy never holds a secret in the clear.

import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import Database from 'better-sqlite3';
import { type FirstSchemaSecrets, sealInPlace } from './seal-first-schema.ts';

/** Bytes 18 and 19 of the header say how the file is journaled; a copy in memory cannot be in WAL mode (2), so it is said not to be (1). */
const JOURNAL_BYTES = [18, 19] as const;

/** Writes `<file>.schema-<version>`, in the place of an earlier one, and returns its name. Throws when it cannot. */
export function keepCopy(db: Database.Database, file: string, version: number, secrets: FirstSchemaSecrets): string {
  const bytes = db.serialize();
  for (const at of JOURNAL_BYTES) bytes[at] = 1;
  const copy = new Database(bytes);
  try {
    copy.pragma('temp_store = MEMORY');
    if (version === 1) sealInPlace(copy, secrets);
    const name = `${file}.schema-${version}`;
    writeDurably(name, copy.serialize());
    return name;
  } finally {
    copy.close();
  }
}

/** Whole or not at all, and there after a power loss. */
function writeDurably(name: string, bytes: Buffer): void {
  const unfinished = `${name}.new`;
  rmSync(unfinished, { force: true });
  const descriptor = openSync(unfinished, 'wx', 0o600);
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(unfinished, name);
  const folder = openSync(dirname(name), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
