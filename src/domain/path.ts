// One reading of a path, agreed with the shipped Envoy settings (normalize_path, merge_slashes, REJECT_REQUEST for escaped
// slashes). What two parsers could read differently is refused, never repaired; what all read alike is spelled in one way.

/** Longest path judged; Envoy's own header limit is larger. */
export const MAX_PATH_BYTES = 16_384;

/** A path that has one reading. */
export interface PlainPath {
  /** Segments between slashes, each in the one spelling that is compared; a single trailing slash leaves none. */
  readonly segments: readonly string[];
  /** A segment holds `%2F` or `%5C`: only APIs that keep them opaque may be asked. */
  readonly encodedSlash: boolean;
  /** A segment holds `;` (or its escape): only APIs that keep them opaque may be asked. */
  readonly matrixParameters: boolean;
}

/** Why a path has no single reading. */
export type PathProblem =
  | 'too_long'
  | 'not_origin_form'
  | 'fragment'
  | 'byte'
  | 'backslash'
  | 'bad_escape'
  | 'unreserved_escape'
  | 'double_escape'
  | 'control_escape'
  | 'dot_segment'
  | 'empty_segment';

/** RFC 3986 pchar without `*`, which templates use: these characters may stand in a segment as they are. */
const PLAIN = /^[A-Za-z0-9\-._~!$&'()+,=:@;]*$/;
/** Only segments as nearly all are: of plain characters, none of them at its start a dot and none anywhere a semicolon. */
const USUAL_PATH = /^(?:\/[A-Za-z0-9\-_~!$&'()+,=:@][A-Za-z0-9\-._~!$&'()+,=:@]*)+\/?$/;
const UNRESERVED = /[A-Za-z0-9\-._~]/;
// A dot segment however a lenient upstream would find it: between (encoded) slashes, before (encoded) parameters. A segment
// that is nothing but parameters is one too: stripped of them it is empty, and merges with its neighbours.
const DOT_PIECE = /(?:^|%2F|%5C)(?:\.{1,2}(?:$|;|%3B|%2F|%5C)|;|%3B)/;
const HEX_PAIR = /^[0-9A-Fa-f]{2}$/;

/** Reads the path of `:path` (the query is cut off), or names what makes it ambiguous. */
export function readPath(raw: string): PlainPath | PathProblem {
  const question = raw.indexOf('?');
  const path = question === -1 ? raw : raw.slice(0, question);
  if (path.length > MAX_PATH_BYTES) return 'too_long';
  if (raw.includes('#')) return 'fragment';
  if (!path.startsWith('/')) return 'not_origin_form';
  if (USUAL_PATH.test(path)) return { segments: segmentsOf(path), encodedSlash: false, matrixParameters: false };
  for (let at = 0; at < path.length; at++) {
    const code = path.charCodeAt(at);
    if (code <= 0x20 || code >= 0x7f) return 'byte';
    if (code === 0x5c) return 'backslash';
  }
  const segments = segmentsOf(path);
  let encodedSlash = false;
  let matrixParameters = false;
  for (let index = 0; index < segments.length; index++) {
    let segment = segments[index] as string;
    if (segment === '') return 'empty_segment';
    if (!PLAIN.test(segment)) {
      const read = spell(segment);
      if (typeof read === 'string') return read;
      segment = read.text;
      encodedSlash ||= read.encodedSlash;
      segments[index] = segment;
    }
    if (segment.includes(';')) matrixParameters = true;
    if (DOT_PIECE.test(segment)) return 'dot_segment';
  }
  return { segments, encodedSlash, matrixParameters };
}

/** A single trailing slash leaves none. */
function segmentsOf(path: string): string[] {
  const segments = path.slice(1).split('/');
  if (segments.at(-1) === '') segments.pop();
  return segments;
}

/**
 * The one spelling of a segment that is compared: what may stand in a path as it is stands so, everything else escaped. Else
 * `/%40me` would miss the resource `/@me` here and find it at the upstream.
 */
function spell(segment: string): { text: string; encodedSlash: boolean } | PathProblem {
  let text = '';
  let encodedSlash = false;
  let nonAscii = false;
  for (let at = 0; at < segment.length; at++) {
    let byte = segment.charCodeAt(at);
    if (byte === 0x25) {
      const pair = segment.slice(at + 1, at + 3);
      if (!HEX_PAIR.test(pair)) return 'bad_escape';
      byte = Number.parseInt(pair, 16);
      if (byte < 0x20 || byte === 0x7f) return 'control_escape';
      if (byte < 0x80 && UNRESERVED.test(String.fromCharCode(byte))) return 'unreserved_escape';
      if (byte === 0x25 && HEX_PAIR.test(segment.slice(at + 3, at + 5))) return 'double_escape';
      at += 2;
    }
    const character = String.fromCharCode(byte);
    if (byte === 0x2f || byte === 0x5c) encodedSlash = true;
    if (byte >= 0x80) nonAscii = true;
    text += PLAIN.test(character) ? character : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  // Overlong and broken UTF-8 (`%C0%AE` for a dot) is something else to each decoder.
  if (nonAscii && !isUtf8(text)) return 'bad_escape';
  return { text, encodedSlash };
}

function isUtf8(escaped: string): boolean {
  try {
    decodeURIComponent(escaped);
    return true;
  } catch {
    return false;
  }
}
