// Waits for something to become true. Tests state what must come, never how fast: the limit only ends a wait that is in vain.

import { setTimeout as sleep } from 'node:timers/promises';

const LIMIT_MS = 60_000;
const PAUSE_MS = 25;

/** The first value of `probe` that is not undefined or false; what it throws counts as not yet. Rejects in the end, with the last error as cause. */
export async function eventually<T>(
  what: string,
  probe: () => T | undefined | false | Promise<T | undefined | false>,
  limitMs = LIMIT_MS,
): Promise<T> {
  const until = Date.now() + limitMs;
  let cause: unknown;
  do {
    try {
      const value = await probe();
      if (value !== undefined && value !== false) return value;
    } catch (error) {
      cause = error;
    }
    await sleep(PAUSE_MS);
  } while (Date.now() < until);
  throw new Error(`waited ${limitMs} ms in vain for: ${what}`, { cause });
}
