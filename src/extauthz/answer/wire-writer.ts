// Writes protobuf bytes without a schema, for field numbers up to 15 (all that a CheckResponse has). Everything asked for is
// written, defaults too: on this wire an absent field can mean "allow" or "append".

/** Room for a usual answer; a larger one grows it. */
const INITIAL_BYTES = 2048;
/** Up to here a loop beats a call out of JavaScript; and the length is one byte. */
const SHORT_CHARACTERS = 16;
const VARINT = 0;
const LENGTH_DELIMITED = 2;

/** Collects one message. */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(INITIAL_BYTES);
  #at = 0;

  /** A number from 0 to 2^31-1, an enum or a bool. */
  varint(field: number, value: number): void {
    this.#reserve(6);
    this.#bytes[this.#at++] = (field << 3) | VARINT;
    this.#number(value);
  }

  /** A string; what is not well-formed becomes U+FFFD, so the result is UTF-8. */
  text(field: number, text: string): void {
    const { length } = text;
    if (length <= SHORT_CHARACTERS && this.#shortAscii(field, text)) return;
    // A UTF-16 unit is three bytes of UTF-8 at most.
    this.#reserve(3 * length + 6);
    this.#bytes[this.#at] = (field << 3) | LENGTH_DELIMITED;
    this.#at += 1 + varintBytes(length);
    const start = this.#at;
    this.#at += this.#bytes.write(text, start);
    this.#prefix(start, varintBytes(length));
  }

  /** Opens a message, whose fields are those written until {@link close} gets the result back. */
  open(field: number): number {
    this.#reserve(2);
    this.#bytes[this.#at] = (field << 3) | LENGTH_DELIMITED;
    this.#at += 2;
    return this.#at;
  }

  /** Closes the message that was opened last, of those that are open. */
  close(start: number): void {
    this.#prefix(start, 1);
  }

  /** Fields written before, as a finished writer returned them. */
  fields(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** The message. The writer is used up. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
  }

  /** The message, to be kept: in memory of its own size, not in a part of a larger one that it would keep as well. */
  finishForLong(): Buffer {
    const message = Buffer.allocUnsafeSlow(this.#at);
    message.set(this.finish());
    return message;
  }

  /** False, with nothing written, for a text that has other characters. */
  #shortAscii(field: number, text: string): boolean {
    const { length } = text;
    this.#reserve(length + 2);
    const bytes = this.#bytes;
    const start = this.#at + 2;
    for (let i = 0; i < length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return false;
      bytes[start + i] = code;
    }
    bytes[start - 2] = (field << 3) | LENGTH_DELIMITED;
    bytes[start - 1] = length;
    this.#at = start + length;
    return true;
  }

  /** Writes the length of what was written from `start` on before it, where room was left; the content moves up if it needs more. */
  #prefix(start: number, room: number): void {
    const end = this.#at;
    const length = end - start;
    const extra = varintBytes(length) - room;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, end);
    }
    this.#at = start - room;
    this.#number(length);
    this.#at += length;
  }

  #number(value: number): void {
    let rest = value;
    while (rest > 0x7f) {
      this.#bytes[this.#at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#at++] = rest;
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe((this.#at + bytes) * 2);
    this.#bytes.copy(larger, 0, 0, this.#at);
    this.#bytes = larger;
  }
}

function varintBytes(value: number): number {
  let bytes = 1;
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes++;
  return bytes;
}
