// Takes a list apart while it arrives, row by row, so that no list is ever parsed as a whole and the loop is held by one row at most. The
// list is a JSON array, or the member `list` of a JSON object, as WSO2 writes both.

import { isJsonObject } from '../../domain/json-object.ts';

/** An API with all its operations is smaller. */
const MAX_ROW_CHARACTERS = 8_388_608;
/** What stands around the rows. */
const MAX_FRAME_CHARACTERS = 65_536;
const LIST_BEGINS = /^\s*(?:\{[\s\S]*"list"\s*:\s*)?$/;

/** One list under way. Throws an error whose message is a short code for what is no such list. */
export class RowSplitter {
  readonly #take: (row: unknown) => void;
  /** What stood around the rows so far: a list without rows. */
  #frame = '';
  #row = '';
  #depth = 0;
  /** Depth of the rows' array; undefined outside of it. */
  #rowsAt: number | undefined;
  #inText = false;
  #escaped = false;

  constructor(take: (row: unknown) => void) {
    this.#take = take;
  }

  /** Takes the next piece. */
  push(text: string): void {
    // Where the part of this piece begins that belongs to the row, or to the frame, under way.
    let from = 0;
    for (let at = 0; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (this.#inText) {
        if (this.#escaped) this.#escaped = false;
        else if (code === BACKSLASH) this.#escaped = true;
        else if (code === QUOTE) this.#inText = false;
      } else if (code === QUOTE) this.#inText = true;
      else if (code === BRACE || code === BRACKET) {
        const isRow = this.#depth === this.#rowsAt;
        if (isRow || (code === BRACKET && this.#rowsAt === undefined)) {
          const before = text.slice(from, at);
          from = at;
          if (isRow) this.#between(before);
          else this.#framed(before);
          if (!isRow && this.#depth <= 1 && LIST_BEGINS.test(this.#frame)) this.#rowsAt = this.#depth + 1;
        }
        this.#depth += 1;
        if (!isRow && this.#depth === this.#rowsAt) {
          this.#framed('[');
          from = at + 1;
        }
      } else if (code === BRACE_END || code === BRACKET_END) {
        if (this.#rowsAt !== undefined && this.#depth === this.#rowsAt + 1) {
          this.#rowEnds(text.slice(from, at + 1));
          from = at + 1;
        } else if (this.#depth === this.#rowsAt) {
          this.#between(text.slice(from, at));
          from = at;
          this.#rowsAt = undefined;
        }
        this.#depth -= 1;
      }
    }
    const rest = text.slice(from);
    if (this.#rowsAt !== undefined && this.#depth > this.#rowsAt) this.#grow(rest);
    else if (this.#rowsAt === undefined) this.#framed(rest);
    else this.#between(rest);
  }

  /** The document without its rows, when all of it has come. */
  end(): unknown {
    const frame: unknown = parsed(this.#frame);
    const rows = isJsonObject(frame) ? frame['list'] : frame;
    if (!Array.isArray(rows) || rows.length > 0) throw new Error('not_a_list');
    return frame;
  }

  #grow(text: string): void {
    this.#row += text;
    if (this.#row.length > MAX_ROW_CHARACTERS) throw new Error('row_too_large');
  }

  #rowEnds(text: string): void {
    this.#grow(text);
    const row = parsed(this.#row);
    this.#row = '';
    this.#take(row);
  }

  #framed(text: string): void {
    this.#frame += text;
    if (this.#frame.length > MAX_FRAME_CHARACTERS) throw new Error('not_a_list');
  }

  /** Between two rows there is nothing but a comma. */
  #between(text: string): void {
    if (/[^\s,]/.test(text)) throw new Error('not_a_list');
  }
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const BRACE = 0x7b;
const BRACE_END = 0x7d;
const BRACKET = 0x5b;
const BRACKET_END = 0x5d;

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Error('not_json');
  }
}
