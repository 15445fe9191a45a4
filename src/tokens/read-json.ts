// Reads JSON more strictly than JSON.parse, which lets the last of two equal members win (RFC 7515 §4 wants unique names)
// and takes lone surrogates. What two parsers could read differently is refused, never repaired.

/** Deeper values make later code (JSON.stringify, structuredClone) throw; tokens of real servers stay below ten levels. */
const MAX_DEPTH_LEVELS = 32;

/** Why bytes are not taken as JSON. A byte order mark makes them `not_json`. */
export type JsonProblem = 'not_utf8' | 'not_json' | 'duplicate_member' | 'ill_formed_string' | 'too_deep';

/** The value, or why there is none. */
export type JsonReading = { readonly value: unknown } | { readonly problem: JsonProblem };

/** Reads one JSON text out of UTF-8 bytes. */
export function readJson(bytes: Uint8Array): JsonReading {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return { problem: 'not_utf8' };
  }
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { problem: 'not_json' };
  }
  const problem = findAmbiguity(text);
  return problem === undefined ? { value } : { problem };
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;

/** Walks a text that JSON.parse has taken; a set of member names for each open object, null for each open array. */
function findAmbiguity(text: string): JsonProblem | undefined {
  const open: (Set<string> | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case 0x7b: // {
      case 0x5b: // [
        if (open.length === MAX_DEPTH_LEVELS) return 'too_deep';
        open.push(text.charCodeAt(at) === 0x7b ? new Set() : null);
        break;
      case 0x7d: // }
      case 0x5d: // ]
        open.pop();
        break;
      case QUOTE: {
        const end = endOfString(text, at);
        const string = contentOf(text, at, end);
        if (string === undefined) return 'ill_formed_string';
        if (isFollowedByColon(text, end)) {
          const names = open.at(-1);
          if (names?.has(string)) return 'duplicate_member';
          names?.add(string);
        }
        at = end;
        break;
      }
    }
  }
  return undefined;
}

function endOfString(text: string, start: number): number {
  let at = start + 1;
  while (text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
  return at;
}

/** Unescaped, so that `"a"` and its escaped spelling are one name; undefined when ill-formed, which only an escape can bring about. */
function contentOf(text: string, start: number, end: number): string | undefined {
  const raw = text.slice(start + 1, end);
  if (!raw.includes('\\')) return raw;
  const string = JSON.parse(text.slice(start, end + 1)) as string;
  return string.isWellFormed() ? string : undefined;
}

function isFollowedByColon(text: string, end: number): boolean {
  let at = end + 1;
  while (text.charCodeAt(at) <= 0x20) at++;
  return text.charCodeAt(at) === COLON;
}
