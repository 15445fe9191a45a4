// Reads contexts and URI templates as people write them into the one spelling that requests are compared with. What could
// never match, or could be read in two ways, is refused with what to write instead.

import { type PathProblem, readPath } from '../../domain/path.ts';

/** What is wrong, and what to do. */
export interface SegmentsProblem {
  readonly message: string;
  readonly fix: string;
}

/** A context or template in its one spelling. */
export interface ReadSegments {
  /** Starts with a slash, does not end with one; escapes in upper case. */
  readonly text: string;
  /** Reached only by APIs whose `path.encodedSlash` is opaque. */
  readonly encodedSlash: boolean;
  /** Reached only by APIs whose `path.matrixParameters` is opaque. */
  readonly matrixParameters: boolean;
}

/** Stands for the API's version inside a context (WSO2). */
const VERSION = '{version}';

const VARIABLE = /^\{[^{}]+\}$/;

/** Why a literal segment cannot stand in a path. */
const LITERAL_PROBLEMS: Readonly<Record<PathProblem, SegmentsProblem>> = {
  too_long: { message: 'is longer than any path that is judged', fix: 'shorten it' },
  not_origin_form: { message: 'does not start with a slash', fix: 'put / in front of it' },
  fragment: { message: 'has a #, which never reaches a server', fix: 'remove it, or write %23' },
  byte: { message: 'has white space or a control character', fix: 'write a space as %20 and remove the others' },
  backslash: { message: 'has a backslash, which some servers read as a slash', fix: 'remove it' },
  bad_escape: { message: 'has a % that is not followed by two hex digits', fix: 'write a literal % as %25' },
  unreserved_escape: { message: 'escapes a character that needs no escape', fix: 'write the character itself' },
  double_escape: { message: 'has %25 followed by two hex digits, an escape inside an escape', fix: 'rename it' },
  control_escape: { message: 'escapes a control character', fix: 'remove it' },
  dot_segment: { message: 'has a segment of dots, which is resolved on the way', fix: 'write the path it leads to' },
  empty_segment: { message: 'has two slashes in a row or one at its end', fix: 'remove the slash' },
};

/** A URI template: each segment is a literal, a whole `{variable}`, or a final `*`. */
export function readTemplate(template: string): ReadSegments | SegmentsProblem {
  return readSegments(template, (segment, isLast) => {
    if (VARIABLE.test(segment) || (segment === '*' && isLast)) return 'pattern';
    if (segment.includes('*')) return { message: 'has a * that is not its whole last segment', fix: 'end it with /*' };
    if (/[{}]/.test(segment))
      return { message: 'has a variable that is not a whole segment', fix: 'write it as /{name} between two slashes' };
    return 'literal';
  });
}

/** The context on the wire: Publisher's context with the version, at its end or in the place of `{version}`. */
export function readContext(context: string, version: string): ReadSegments | SegmentsProblem {
  const whole = context.includes(VERSION)
    ? context.replaceAll(VERSION, version)
    : `${context === '/' ? '' : context}/${version}`;
  return readSegments(whole, literalOnly);
}

/** A context as it is on the wire already, version included. */
export function readWireContext(context: string): ReadSegments | SegmentsProblem {
  return readSegments(context, literalOnly);
}

/** The context of an API's default version, which is called without naming one. */
export function readDefaultVersionContext(context: string): ReadSegments | SegmentsProblem {
  const without = context.split('/').filter((segment) => segment !== VERSION);
  if (without.some((segment) => segment.includes(VERSION)))
    return {
      message: 'has {version} inside a segment',
      fix: 'make {version} a segment of its own, or isDefaultVersion false',
    };
  return readSegments(without.join('/') || '/', literalOnly);
}

function literalOnly(segment: string): 'literal' | SegmentsProblem {
  return /[{}*]/.test(segment)
    ? { message: 'has a placeholder other than {version}', fix: 'write it out; variables belong into operations' }
    : 'literal';
}

function readSegments(
  text: string,
  kindOf: (segment: string, isLast: boolean) => 'literal' | 'pattern' | SegmentsProblem,
): ReadSegments | SegmentsProblem {
  if (!text.startsWith('/')) return LITERAL_PROBLEMS.not_origin_form;
  if (text === '/') return { text, encodedSlash: false, matrixParameters: false };
  const segments = text.slice(1).split('/');
  const read: string[] = [];
  let encodedSlash = false;
  let matrixParameters = false;
  for (const [at, segment] of segments.entries()) {
    if (segment === '') return LITERAL_PROBLEMS.empty_segment;
    const kind = kindOf(segment, at === segments.length - 1);
    if (typeof kind === 'object') return kind;
    const literal = kind === 'pattern' ? undefined : readLiteral(segment);
    if (literal !== undefined && 'message' in literal) return literal;
    encodedSlash ||= literal?.encodedSlash === true;
    matrixParameters ||= literal?.matrixParameters === true;
    read.push(literal?.text ?? segment);
  }
  return { text: `/${read.join('/')}`, encodedSlash, matrixParameters };
}

/** One literal segment as a request would carry it: non-ASCII characters as escaped UTF-8 (RFC 3987 §3.1). */
function readLiteral(segment: string): ReadSegments | SegmentsProblem {
  if (segment.includes('?')) return { message: 'has a query', fix: 'remove everything from the ? on' };
  if (!segment.isWellFormed()) return { message: 'has half a character (a lone surrogate)', fix: 'write it anew' };
  const escaped = segment.replace(/[^\0-\x7f]+/g, encodeURIComponent);
  const path = readPath(`/${escaped}`);
  if (typeof path === 'string') return LITERAL_PROBLEMS[path];
  const { encodedSlash, matrixParameters } = path;
  return { text: path.segments.join('/'), encodedSlash, matrixParameters };
}
