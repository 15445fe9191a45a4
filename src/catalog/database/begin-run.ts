// Marks each opening for writing as a run of its own in the file's history. Whoever followed a run further than it went here, as this
// file remembers it, followed another history: that of a file of which this one is an older image.

import { randomBytes } from 'node:crypto';
import type { Database } from 'better-sqlite3';

/** Runs that followers may go on from; one that is left behind by more takes a snapshot. */
const KEPT_RUNS = 1000;
const NAME_BYTES = 8;

/** To be called before the first write of the run. */
export function beginRun(db: Database): void {
  const name = randomBytes(NAME_BYTES).toString('hex');
  db.transaction(() => {
    const run = db.prepare('INSERT INTO run (name, first_revision) SELECT ?, revision FROM meta').run(name);
    db.prepare('DELETE FROM run WHERE number <= ?').run(Number(run.lastInsertRowid) - KEPT_RUNS);
  }).immediate();
}
