// Guesses which known name a misspelled one was meant to be.

import { closest, distance } from 'fastest-levenshtein';

/** Names longer than this are not compared: the effort grows with the square of the length. */
const MAX_COMPARED_LENGTH = 64;

/** The known name that is near enough to have been meant, case aside. */
export function didYouMean(name: string, known: readonly string[]): string | undefined {
  if (known.length === 0 || name.length > MAX_COMPARED_LENGTH) return undefined;
  const wanted = name.toLowerCase();
  const lowerCase = known.map((one) => one.toLowerCase());
  const nearest = closest(wanted, lowerCase);
  // Two swapped letters count as two slips; a longer name may have more, one in three letters. More is another word.
  const near = distance(wanted, nearest) <= (nearest.length < 4 ? 1 : Math.max(2, Math.floor(nearest.length / 3)));
  return near ? known[lowerCase.indexOf(nearest)] : undefined;
}
