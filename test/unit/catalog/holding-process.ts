// A program of its own that holds SQLite's write lock on a catalog file until it is killed. `node holding-process.ts <file>`.

import { writeSync } from 'node:fs';
import Database from 'better-sqlite3';

const db = new Database(process.argv[2] ?? '');
db.exec('BEGIN IMMEDIATE');
writeSync(1, 'holding\n');
setInterval(() => db.inTransaction, 60_000);
