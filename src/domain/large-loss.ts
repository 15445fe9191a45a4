// How much of a kind may go unasked: a source or a document that suddenly has much less is more often broken than right.

/** So few are never much. */
const FEW = 10;
/** More than this share, and more than {@link FEW}, is much. */
const LARGE_SHARE = 0.2;

/** More than ten and more than a fifth of what is there would go, so somebody has to allow it. Counting may be dear: few need none. */
export function isLargeLoss(removed: number, present: () => number): boolean {
  return removed > FEW && removed > present() * LARGE_SHARE;
}
