// Reads JSON more strictly than JSON.parse, which lets the last of two equal members win (RFC 7515 §4 wants unique names)
// and takes lone surrogates. What two parsers could read differently is refused, never repaired.

import { isUtf8 } from 'node:buffer';

/** Deeper values make later code (JSON.stringify, structuredClone) throw; tokens of real servers stay below ten levels. */
const MAX_DEPTH_LEVELS = 32;

/** Why bytes are not taken as JSON. A byte order mark makes them `not_json`. */
export type JsonProblem = 'not_utf8' | 'not_json' | 'duplicate_member' | 'ill_formed_string' | 'too_deep';

/** The value, or why there is none. */
export type JsonReading = { readonly value: unknown } | { readonly problem: JsonProblem };

/** Reads one JSON text out of UTF-8 bytes. */
export function readJson(bytes: Buffer): JsonReading {
  if (!isUtf8(bytes)) return { problem: 'not_utf8' };
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not_json' };
  }
  const written = countMembers(text);
  if (typeof written === 'string') return { problem: written };
  // JSON.parse keeps one of all members of one name, however that is spelled: fewer than were written means that some were equal.
  return written === membersOf(value) ? { value } : { problem: 'duplicate_member' };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How many members a text has that JSON.parse has taken: in all of its objects, one for each colon outside of a string. */
function countMembers(text: string): number | 'ill_formed_string' | 'too_deep' {
  const hasEscapes = text.includes('\\');
  let members = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        if (++depth > MAX_DEPTH_LEVELS) return 'too_deep';
        break;
      case 0x7d: // }
      case 0x5d: // ]
        depth--;
        break;
      case 0x3a: // :
        members++;
        break;
      case QUOTE: {
        const end = hasEscapes ? endOfString(text, at) : text.indexOf('"', at + 1);
        if (hasEscapes && !isWellFormed(text.slice(at, end + 1))) return 'ill_formed_string';
        at = end;
        break;
      }
    }
  }
  return members;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** Of a string with its quotes; only an escape can make it ill-formed, since the bytes were UTF-8. */
function isWellFormed(quoted: string): boolean {
  return !quoted.includes('\\') || (JSON.parse(quoted) as string).isWellFormed();
}

/** How many members a value has in all of its objects. It is not deep. */
function membersOf(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value);
  let count = Array.isArray(value) ? 0 : members.length;
  for (const member of members) if (typeof member === 'object') count += membersOf(member);
  return count;
}
