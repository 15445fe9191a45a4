// Reads JSON bodies only, within limits and without repeated members; names that would reach an object's prototype are refused by
// the framework's parser.

import type { FastifyInstance } from 'fastify';
import { duplicateMember } from '../../documents/reading/duplicate-member.ts';

/** Deeper than any entity is; what reads and masks bodies recurses. */
const MAX_JSON_DEPTH = 32;
/** Longest part of a repeated name that is told. */
const MAX_NAME_CHARACTERS = 64;

/** Makes JSON the only content type that is taken. */
export function acceptJsonOnly(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<string>(/^application\/json\s*(?:;|$)/i, { parseAs: 'string' }, (request, text, done) => {
    if (depthOf(text) > MAX_JSON_DEPTH) return done(badBody(`JSON is nested deeper than ${MAX_JSON_DEPTH} levels`));
    parse(request, text, (error, value) => {
      const twice = error === null ? duplicateMember(text) : undefined;
      if (twice === undefined) return done(error, value);
      const name = JSON.stringify(twice.slice(0, MAX_NAME_CHARACTERS));
      done(badBody(`The member ${name} occurs twice in one object; keep one of the two`));
    });
  });
}

function badBody(message: string): Error {
  return Object.assign(new Error(message), { statusCode: 400 });
}

/** Depth of the brackets outside of strings; exact for valid JSON, and an upper bound is all that is needed for the rest. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  let quoted = false;
  for (let index = 0; index < text.length; index += 1) {
    const character = text[index];
    if (quoted) {
      if (character === '\\') index += 1;
      else if (character === '"') quoted = false;
    } else if (character === '"') quoted = true;
    else if (character === '{' || character === '[') {
      depth += 1;
      if (depth > deepest) deepest = depth;
    } else if (character === '}' || character === ']') depth -= 1;
  }
  return deepest;
}
