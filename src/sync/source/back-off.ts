// How long a follower waits before it asks its hub again: longer with every failure, and never all at the same moment.

/** After the first failure; doubled by each that follows. */
const FIRST_WAIT_MS = 250;
const LONGEST_WAIT_MS = 15_000;

/** Between half and the whole of the time that the number of failures in a row asks for. */
export function waitAfterFailures(failures: number, random: () => number): number {
  const longest = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** Math.min(failures - 1, 16));
  return longest * (0.5 + random() / 2);
}
