// Writes protobuf bytes without a schema, for field numbers up to 15 (all that a CheckResponse has). Everything asked for is
// written, defaults too: on this wire an absent field can mean "allow" or "append".

/** Room for a usual answer; a larger one grows it. */
const INITIAL_BYTES = 2048;
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
    const length = Buffer.byteLength(text);
    this.#reserve(length + 6);
    this.#bytes[this.#at++] = (field << 3) | LENGTH_DELIMITED;
    this.#number(length);
    this.#at += this.#bytes.write(text, this.#at, length, 'utf8');
  }

  /** A message, whose fields `write` writes. */
  message(field: number, write: () => void): void {
    this.#reserve(2);
    this.#bytes[this.#at++] = (field << 3) | LENGTH_DELIMITED;
    const start = ++this.#at;
    write();
    const length = this.#at - start;
    // One byte was left for the length; the content moves up when it needs more.
    const extra = varintBytes(length) - 1;
    if (extra > 0) {
      this.#reserve(extra);
      this.#bytes.copyWithin(start + extra, start, this.#at);
    }
    this.#at = start - 1;
    this.#number(length);
    this.#at += length;
  }

  /** Fields written before, as {@link finish} returned them. */
  fields(bytes: Buffer): void {
    this.#reserve(bytes.length);
    this.#at += bytes.copy(this.#bytes, this.#at);
  }

  /** The message. The writer is used up. */
  finish(): Buffer {
    return this.#bytes.subarray(0, this.#at);
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
