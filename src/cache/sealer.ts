// How a value is shown to come from one of the fleet. Done in `sealing`, with keys that are not in Redis; this room only uses it.

/** Seals and opens values of one purpose, each bound to its full key in Redis and to when it was made. */
export interface Sealer {
  seal(key: string, value: string, issuedAtMs: number): string;
  /** Undefined unless one of the fleet sealed it for exactly this purpose and key, not before `oldestMs`. Never throws. */
  open(key: string, sealed: string, oldestMs: number): OpenedSeal | undefined;
}

/** What was sealed. */
export interface OpenedSeal {
  readonly value: Buffer;
  readonly issuedAtMs: number;
}

/** Clocks of a fleet may differ by so much; a value from further ahead is none of ours, or no better. */
export const MAX_AHEAD_MS = 60_000;
