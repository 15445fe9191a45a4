// Parses YAML 1.2 text strictly and within limits, and knows the line and column of every field. It judges form, not content.

import { Composer, type CST, type Document, isMap, isNode, isScalar, isSeq, LineCounter, Parser } from 'yaml';
import type { Problem } from './problem.ts';

/** A catalog of some ten thousand APIs fits; anything larger is a mistake or an attack. */
const MAX_DOCUMENT_BYTES = 16 * 1024 * 1024;

/** Deeper than any document of ours can be valid; the composer recurses, so the depth is looked at first. */
const MAX_DEPTH = 64;

/** Nodes that aliases may stand for; guards against documents that explode when read. */
const MAX_ALIAS_COUNT = 1000;

/** A parsed document: its content, and where its fields stand in the text. */
export interface ParsedYaml {
  readonly data: unknown;
  /** Line and column of the field at a path (of its key when `ofKey`), or of its nearest ancestor in the text. */
  place(path: readonly PropertyKey[], ofKey: boolean): { readonly line: number; readonly column: number } | undefined;
}

/** The content of a YAML document, or what is wrong with its form. Duplicate keys and second documents are refused. */
export function parseYaml(text: string, file: string): ParsedYaml | readonly Problem[] {
  const wrong = (message: string, fix: string, line?: number, column?: number): Problem => {
    return { file, line, column, field: '', message, fix };
  };
  if (Buffer.byteLength(text) > MAX_DOCUMENT_BYTES)
    return [
      wrong(`is larger than ${MAX_DOCUMENT_BYTES} bytes`, 'split it, or write large catalogs through the admin API'),
    ];
  const lines = new LineCounter();
  const tokens = [...new Parser(lines.addNewLine).parse(text)];
  if (isTooDeep(tokens)) return [wrong(`is nested deeper than ${MAX_DEPTH} levels`, 'flatten the document')];
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    stringKeys: true,
    resolveKnownTags: false,
    logLevel: 'silent',
  });
  const [document, second] = composer.compose(tokens, true, text.length);
  if (document === undefined || second !== undefined)
    return [wrong('holds more than one YAML document', 'keep one document and remove the `---` lines between them')];
  if (document.directives?.yaml.version !== '1.2')
    return [wrong('asks for another YAML version, in which plain words mean other things', 'remove the %YAML line')];
  // What follows the colon quotes the document, which may be a secret.
  const errors = [...document.errors, ...document.warnings].map((error) => {
    const { line, col } = lines.linePos(error.pos[0]);
    return wrong(
      `is not valid YAML 1.2: ${error.message.split(':')[0]}`,
      'correct the syntax at this place',
      line,
      col,
    );
  });
  if (errors.length > 0) return errors;
  try {
    const data: unknown = document.toJS({ maxAliasCount: MAX_ALIAS_COUNT });
    return { data, place: (path, ofKey) => placeOf(document, lines, path, ofKey) };
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return [wrong('has an alias that is unresolved, or aliases that expand too far', 'write the content out')];
  }
}

/** Walks the token tree without recursion, which is what the limit is there to bound. */
function isTooDeep(tokens: readonly CST.Token[]): boolean {
  let level: CST.Token[] = [...tokens];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap((item) => [item.key, item.value].filter((child) => child !== undefined && child !== null));
}

function placeOf(document: Document.Parsed, lines: LineCounter, path: readonly PropertyKey[], ofKey: boolean) {
  let node: unknown = document.contents;
  let start = document.contents?.range[0] ?? 0;
  for (const [depth, step] of path.entries()) {
    const last = depth === path.length - 1;
    if (isMap(node)) {
      const pair = node.items.find(({ key }) => (isScalar(key) ? key.value : key) === step);
      if (pair === undefined) break;
      node = last && ofKey ? pair.key : (pair.value ?? pair.key);
    } else if (isSeq(node)) node = node.items[Number(step)];
    else break;
    if (isNode(node) && node.range) start = node.range[0];
  }
  const { line, col } = lines.linePos(start);
  return { line, column: col };
}
