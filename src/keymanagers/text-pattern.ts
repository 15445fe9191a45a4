// Regular expressions that an admin writes and that meet texts of strangers: RE2, whose time grows with the text and never
// explodes. Bounds what a pattern may cost, in time for each text and in memory for good.

import { RE2JS, RE2Set } from 're2js';
import type { TextPattern } from '../domain/key-manager.ts';

/** Real patterns of tokens have some fifty characters. */
const MAX_PATTERN_CHARACTERS = 512;

/** RE2's measure of cost: a step of the match goes through this many instructions at worst, for each character of the text. */
const MAX_PATTERN_INSTRUCTIONS = 1000;

/** Of the text that a pattern is looked for in; a longer one is no token and no claim that a rule tells apart. */
const MAX_TEXT_CHARACTERS = 16_384;

/**
 * Instructions of the pattern times characters of the text: some ten milliseconds at worst, and those of the thread that decides. A
 * repetition with a bound has two instructions for each character that it may take, so at its longest it stays below this; a pattern of
 * up to 32 instructions meets every text.
 */
const MAX_STEPS = 524_288;

/** What a pattern remembers of the texts that it met, where 8 MiB is usual: a pattern made for it would fill that, and each of thousands. */
const MAX_MEMORY_BYTES = 131_072;

/** Claims nothing: of a rule that is given and switched off. */
export const NO_TEXT: TextPattern = { source: '', matches: () => false };

/** The pattern, or what is wrong with it. `whole`: the whole text must fit, else any part of it may. */
export function textPattern(source: string, fits: 'whole' | 'part'): TextPattern | { readonly problem: string } {
  if (source.length > MAX_PATTERN_CHARACTERS)
    return { problem: `is too long a pattern; give at most ${MAX_PATTERN_CHARACTERS} characters` };
  const compiled = compile(source);
  if (compiled === undefined)
    return { problem: 'is no RE2 pattern; look-around and back references are not part of it' };
  const instructions = compiled.programSize();
  if (instructions > MAX_PATTERN_INSTRUCTIONS)
    return { problem: 'is too costly a pattern; use fewer or smaller repetitions' };
  // A set of one: only of sets the library lets the memory be bounded.
  const set = new RE2Set(fits === 'whole' ? RE2Set.ANCHOR_BOTH : RE2Set.UNANCHORED, 0, MAX_MEMORY_BYTES);
  set.add(source);
  const maxCharacters = Math.min(MAX_TEXT_CHARACTERS, Math.floor(MAX_STEPS / instructions));
  return { source, matches: (text) => text.length <= maxCharacters && set.match(text).length > 0 };
}

function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}
