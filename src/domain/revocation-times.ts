// How long a revocation must be kept, and from when on it does not hit any more. A time that makes no sense never shortens one.

/** Bounds of what an entry must outlive. */
export interface RevocationMargins {
  /** Largest lifetime that a token of any key manager may have. */
  readonly maxLifetimeMs: number;
  /** Largest tolerated difference of clocks. */
  readonly maxSkewMs: number;
}

const HOUR_MS = 3_600_000;
/** Ten years: a time further away is a slip, mostly seconds in the place of milliseconds or the other way round. */
const FARTHEST_MS = 10 * 366 * 24 * HOUR_MS;
/** Clocks of senders that are further ahead are wrong. */
const AHEAD_MS = 24 * HOUR_MS;

/**
 * When an entry for a single token may be swept: an hour, and the largest difference of clocks, after the token's expiry. One that is
 * missing, past or absurd counts as that of a token of the longest lifetime. One beyond that is believed: such a token is refused now
 * for its lifetime, but not any more when it is nearer to its end.
 */
export function sweepTime(
  expiresAtMs: unknown,
  nowMs: number,
  { maxLifetimeMs, maxSkewMs }: RevocationMargins,
): number {
  const farthest = nowMs + Math.max(FARTHEST_MS, maxLifetimeMs);
  const believable = typeof expiresAtMs === 'number' && expiresAtMs > nowMs && expiresAtMs <= farthest;
  return Math.ceil(believable ? expiresAtMs : nowMs + maxLifetimeMs) + maxSkewMs + HOUR_MS;
}

/** The time before which tokens were issued that an event means; one that makes no sense means now. */
export function issuedBefore(timeMs: unknown, nowMs: number): number {
  const believable = typeof timeMs === 'number' && timeMs > nowMs - FARTHEST_MS && timeMs <= nowMs + AHEAD_MS;
  return believable ? Math.ceil(timeMs) : nowMs;
}
