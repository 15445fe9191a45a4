// The revision of what people wrote: it stays where it is when key sets are kept or tokens revoked, so that it can be expected.

import type { Database } from 'better-sqlite3';

interface Row {
  readonly epoch: string;
  readonly revision: number;
}

/** Of another epoch, another text: a restored catalog is not taken for the one of before. Inside a write, of after it. */
export function contentRevision(db: Database): string {
  const row = db
    .prepare<[], Row>(
      // Deletions that the log has forgotten count by its horizon.
      `SELECT epoch, max(change_horizon, coalesce((SELECT revision FROM change_log WHERE kind <> 'revocation'
         ORDER BY revision DESC LIMIT 1), 0)) AS revision FROM meta`,
    )
    .get();
  if (row === undefined) throw new Error('the catalog has no meta row');
  return `${row.epoch.slice(0, EPOCH_CHARACTERS)}-${row.revision}`;
}

/** Enough to tell epochs apart, and short enough to be typed. */
const EPOCH_CHARACTERS = 8;
