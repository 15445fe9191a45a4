// Slows down addresses that keep sending wrong credentials: after some failures each further one doubles the wait.

const FREE_FAILURES = 5;
const FIRST_WAIT_MS = 1000;
const MAX_WAIT_MS = 60_000;
/** An address without failures for this long starts afresh. */
const FORGET_AFTER_MS = 10 * 60_000;
/** Memory stays bounded under a flood from many addresses: the one that failed longest ago is forgotten. */
const MAX_ADDRESSES = 4096;

/** Remembers failures by address. */
export interface BackOff {
  /** Milliseconds until the address may try again; 0 means now. */
  heldMs(address: string, nowMs: number): number;
  failed(address: string, nowMs: number): void;
}

/** A back-off that has seen nothing yet. */
export function createBackOff(): BackOff {
  const failures = new Map<string, { count: number; lastMs: number }>();
  const recall = (address: string, nowMs: number) => {
    const seen = failures.get(address);
    return seen !== undefined && nowMs - seen.lastMs < FORGET_AFTER_MS ? seen : undefined;
  };
  return {
    heldMs(address, nowMs) {
      const seen = recall(address, nowMs);
      if (seen === undefined || seen.count < FREE_FAILURES) return 0;
      const wait = Math.min(MAX_WAIT_MS, FIRST_WAIT_MS * 2 ** (seen.count - FREE_FAILURES));
      return Math.max(0, seen.lastMs + wait - nowMs);
    },
    failed(address, nowMs) {
      const count = (recall(address, nowMs)?.count ?? 0) + 1;
      // Deleted first, so that the map's order is that of the latest failures.
      failures.delete(address);
      failures.set(address, { count, lastMs: nowMs });
      const [oldest] = failures.keys();
      if (failures.size > MAX_ADDRESSES && oldest !== undefined) failures.delete(oldest);
    },
  };
}
