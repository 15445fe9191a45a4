// Walks protobuf bytes without a schema and without copying. It checks every length against the message that holds it; what a
// field means is the caller's to know. Groups (wire types 3 and 4) are refused: proto3 has none.

import { isAscii, isUtf8 } from 'node:buffer';
import { MalformedCheckRequest } from './malformed-check-request.ts';

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;
/** A varint of 64 bits (protobuf encoding guide). */
const MAX_VARINT_BYTES = 10;
/** Up to here a loop beats a call out of JavaScript. */
const SHORT_BYTES = 64;

/** A cursor over one message, or over the part of a buffer that holds one. */
export class WireReader {
  readonly #bytes: Buffer;
  #end: number;
  #at: number;
  #wireType = VARINT;
  /** Where the value that {@link enter} opened begins and ends. */
  start = 0;
  end = 0;

  constructor(bytes: Buffer, start = 0, end = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  /** The next field's number; 0 at the end of the message. */
  next(): number {
    if (this.#at === this.#end) return 0;
    const tag = this.#varint();
    const field = Math.floor(tag / 8);
    if (field === 0 || tag > 0xffffffff) throw new MalformedCheckRequest('a field number is out of range');
    this.#wireType = tag % 8;
    return field;
  }

  /** Passes over the value of a field that is not read. */
  skip(): void {
    if (this.#wireType === LENGTH_DELIMITED) this.enter();
    else if (this.#wireType === VARINT) this.#varint();
    else if (this.#wireType === FIXED64) this.#advance(8);
    else if (this.#wireType === FIXED32) this.#advance(4);
    else throw new MalformedCheckRequest('a field has an unknown wire type');
  }

  /** Passes over a length-delimited value and leaves its bounds in `start` and `end`. */
  enter(): void {
    if (this.#wireType !== LENGTH_DELIMITED) throw new MalformedCheckRequest('a field has the wrong wire type');
    const length = this.#varint();
    this.start = this.#at;
    this.#advance(length);
    this.end = this.#at;
  }

  /** The length-delimited value as a message of its own. */
  message(): WireReader {
    this.enter();
    return new WireReader(this.#bytes, this.start, this.end);
  }

  /** Goes into the length-delimited value, a message whose fields come next; {@link leave} wants the result back at its end. */
  into(): number {
    this.enter();
    const outer = this.#end;
    this.#end = this.end;
    this.#at = this.start;
    return outer;
  }

  /** Back to the message that {@link into} went into one from, which has been read to its end. */
  leave(outer: number): void {
    this.#end = outer;
  }

  /** The length-delimited value as text. */
  text(): string {
    this.enter();
    return readText(this.#bytes, this.start, this.end);
  }

  #advance(length: number): void {
    if (length > this.#end - this.#at) throw new MalformedCheckRequest('a value is longer than its message');
    this.#at += length;
  }

  /** Exact up to 2^53; larger values are only ever skipped or refused as lengths. */
  #varint(): number {
    const first = this.#bytes[this.#at] as number;
    if (first < 0x80 && this.#at < this.#end) {
      this.#at++;
      return first;
    }
    let value = 0;
    let scale = 1;
    for (let read = 0; read < MAX_VARINT_BYTES; read++) {
      if (this.#at === this.#end) throw new MalformedCheckRequest('a number is cut off');
      const byte = this.#bytes[this.#at++] as number;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
    throw new MalformedCheckRequest('a number is longer than ten bytes');
  }
}

function isShortAscii(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if ((bytes[at] as number) > 0x7f) return false;
  return true;
}

/** The bytes as UTF-8, which every protobuf string is. */
export function readText(bytes: Buffer, start: number, end: number): string {
  if (end - start <= SHORT_BYTES && isShortAscii(bytes, start, end)) return bytes.toString('latin1', start, end);
  const part = bytes.subarray(start, end);
  if (isAscii(part)) return bytes.toString('latin1', start, end);
  if (isUtf8(part)) return bytes.toString('utf8', start, end);
  throw new MalformedCheckRequest('a string is not UTF-8');
}
