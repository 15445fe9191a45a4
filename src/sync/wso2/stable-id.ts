// Ids for what WSO2's lists give none: the same thing gets the same id in every process and at every time.

import { createHash } from 'node:crypto';

/** An id in the form of a UUID from the texts that tell the thing from all others of its kind. */
export function stableId(...parts: readonly string[]): string {
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`, `8${hex.slice(17, 20)}`, hex.slice(20, 32)].join(
    '-',
  );
}

/** A number for a thing of this id where WSO2 gives none; beyond those that a database counts up to. */
export function stableNumber(id: string): number {
  return 2 ** 40 + Number.parseInt(createHash('sha256').update(id).digest('hex').slice(0, 10), 16);
}
