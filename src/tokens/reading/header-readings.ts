// The headers of JWTs as they were read: all tokens that one key signs begin alike, to the letter. Only headers that were found good,
// each under its exact spelling. Bounded, and free to forget.

import { type HeaderReading, readHeader } from './read-header.ts';

/** Keys in use, of all key managers, and more. */
const MAX_HEADERS = 2_048;
/** Longer ones are read anew each time; those of real servers take some hundred. */
const MAX_CHARACTERS = 512;

/** Reads headers as {@link readHeader} does, each good one once. */
export class HeaderReadings {
  readonly #known = new Map<string, HeaderReading>();

  readonly read = (part: string): HeaderReading => this.#known.get(part) ?? this.#readNew(part);

  #readNew(part: string): HeaderReading {
    const reading = readHeader(part);
    if (reading === 'none' || 'outcome' in reading || part.length > MAX_CHARACTERS) return reading;
    // Made-up ones may push out those in use, which are back with their next token.
    if (this.#known.size >= MAX_HEADERS) this.#known.clear();
    // A copy: a slice of the token would keep all of it.
    this.#known.set(Buffer.from(part).toString('latin1'), reading);
    return reading;
  }
}
