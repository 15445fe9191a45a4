// Regular expressions that an admin writes and that meet texts of strangers: RE2, whose time grows with the text and never
// explodes. Bounds what a pattern may cost.

import { RE2JS } from 're2js';
import type { TextPattern } from '../domain/key-manager.ts';

/** Real patterns of tokens have some fifty characters. */
const MAX_PATTERN_CHARACTERS = 512;

/** RE2's measure of cost: a step of the match goes through this many instructions at worst, for each character of the text. */
const MAX_PATTERN_INSTRUCTIONS = 1000;

/** Of the text that a pattern is looked for in; a longer one is no token and no claim that a rule tells apart. */
const MAX_TEXT_CHARACTERS = 16_384;

/** Claims nothing: of a rule that is given and switched off. */
export const NO_TEXT: TextPattern = { source: '', matches: () => false };

/** The pattern, or what is wrong with it. `whole`: the whole text must fit, else any part of it may. */
export function textPattern(source: string, fits: 'whole' | 'part'): TextPattern | { readonly problem: string } {
  if (source.length > MAX_PATTERN_CHARACTERS)
    return { problem: `is too long a pattern; give at most ${MAX_PATTERN_CHARACTERS} characters` };
  const compiled = compile(source);
  if (compiled === undefined)
    return { problem: 'is no RE2 pattern; look-around and back references are not part of it' };
  if (compiled.programSize() > MAX_PATTERN_INSTRUCTIONS)
    return { problem: 'is too costly a pattern; use fewer or smaller repetitions' };
  return {
    source,
    matches: (text) =>
      text.length <= MAX_TEXT_CHARACTERS && (fits === 'whole' ? compiled.testExact(text) : compiled.test(text)),
  };
}

function compile(source: string): RE2JS | undefined {
  try {
    return RE2JS.compile(source);
  } catch {
    return undefined;
  }
}
