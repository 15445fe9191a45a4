// Where the headers of a CheckRequest are, in map mode (HttpRequest.headers) and raw mode (header_map). Their structure is
// checked at once; names are compared as bytes, and a value becomes a string only when it is asked for.

import { isUtf8 } from 'node:buffer';
import { readText, type WireReader } from './wire-reader.ts';

/** Numbers kept for each header: bounds of the name, bounds of the value; that of a raw value's end is negative. */
const STRIDE = 4;
/** Headers of a usual request; for more the list grows. */
const USUAL_HEADERS = 32;
const UNDERSCORE = 0x5f;

/** The headers of one request. */
export class HeaderIndex {
  readonly #bytes: Buffer;
  readonly #bounds = new Array<number>(USUAL_HEADERS * STRIDE);
  #length = 0;
  #underscored = false;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Takes in one entry of the `headers` map, which is next: key=1, value=2. */
  addMapEntry(map: WireReader): void {
    this.#add(map, false);
  }

  /** Takes in a HeaderMap: repeated HeaderValue headers=1. */
  addHeaderMap(map: WireReader): void {
    for (let field = map.next(); field !== 0; field = map.next()) {
      if (field === 1) this.#add(map, true);
      else map.skip();
    }
  }

  /** Every value of a header, by lower-case name, in order of arrival. */
  values(name: string): readonly string[] {
    const values: string[] = [];
    for (let at = 0; at < this.#length; at += STRIDE) {
      if (this.#isNamed(at, name)) values.push(this.#value(at));
    }
    return values;
  }

  /** Names, as sent, in which an underscore stands where a gateway behind Envoy may read a hyphen (CGI, WSGI, PHP). */
  underscoredNames(): readonly string[] {
    if (!this.#underscored) return [];
    const names: string[] = [];
    for (let at = 0; at < this.#length; at += STRIDE) {
      const name = readText(this.#bytes, this.#bound(at), this.#bound(at + 1));
      if (name.includes('_')) names.push(name);
    }
    return names;
  }

  #add(header: WireReader, rawAllowed: boolean): void {
    const outer = header.into();
    let keyStart = 0;
    let keyEnd = 0;
    let valueStart = 0;
    let valueEnd = 0;
    let rawStart = 0;
    let rawEnd = 0;
    for (let field = header.next(); field !== 0; field = header.next()) {
      if (field === 1) {
        header.enter();
        keyStart = header.start;
        keyEnd = header.end;
      } else if (field === 2) {
        header.enter();
        valueStart = header.start;
        valueEnd = header.end;
      } else if (field === 3 && rawAllowed) {
        header.enter();
        rawStart = header.start;
        rawEnd = header.end;
      } else header.skip();
    }
    header.leave(outer);
    const bytes = this.#bytes;
    for (let at = keyStart; at < keyEnd; at++) if (bytes[at] === UNDERSCORE) this.#underscored = true;
    // Envoy fills one of value and raw_value; where both came, the bytes that it forwards count.
    const raw = rawEnd > rawStart;
    const bounds = this.#bounds;
    const at = this.#length;
    bounds[at] = keyStart;
    bounds[at + 1] = keyEnd;
    bounds[at + 2] = raw ? rawStart : valueStart;
    bounds[at + 3] = raw ? -rawEnd : valueEnd;
    this.#length = at + STRIDE;
  }

  #bound(at: number): number {
    return this.#bounds[at] as number;
  }

  #isNamed(at: number, name: string): boolean {
    const start = this.#bound(at);
    if (this.#bound(at + 1) - start !== name.length) return false;
    for (let i = 0; i < name.length; i++) {
      const byte = this.#bytes[start + i] as number;
      const lower = byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
      if (lower !== name.charCodeAt(i)) return false;
    }
    return true;
  }

  /** raw_value is bytes: UTF-8 where it can be, else Latin-1, so that no byte is lost or becomes another. */
  #value(at: number): string {
    const start = this.#bound(at + 2);
    const end = this.#bound(at + 3);
    if (end >= 0) return readText(this.#bytes, start, end);
    return this.#bytes.toString(isUtf8(this.#bytes.subarray(start, -end)) ? 'utf8' : 'latin1', start, -end);
  }
}
