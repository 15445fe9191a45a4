// Messages as they are on the wire (gRPC over HTTP/2, Length-Prefixed-Message), and the one message of a call out of its pieces: no
// more of it than the limit is held, and nothing is copied of one that comes in one piece.

import { GRPC_STATUS, type GrpcRefusal } from './grpc-status.ts';

/** One byte says whether it is compressed, four how long it is. */
const PREFIX_BYTES = 5;

const refusal = (status: GrpcRefusal['status'], details: string): GrpcRefusal => ({ status, details });

const COMPRESSED = refusal(GRPC_STATUS.UNIMPLEMENTED, 'compressed messages are not taken; send with identity');
const NO_MESSAGE = refusal(GRPC_STATUS.UNIMPLEMENTED, 'the call has no message; send one');
const SECOND_MESSAGE = refusal(GRPC_STATUS.UNIMPLEMENTED, 'the call has more than one message; send one');
const CUT_OFF = refusal(GRPC_STATUS.INTERNAL, 'the message is shorter than its prefix says');

/** No message, or none yet. */
export const NO_BYTES: Buffer = Buffer.alloc(0);

/** For one call. */
export class MessageReader {
  readonly #maxBytes: number;
  /** Holds what was read at its beginning. */
  #held: Buffer = NO_BYTES;
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes what came next; a refusal as soon as it is plain that this is not one message within the limit. */
  take(chunk: Buffer): GrpcRefusal | undefined {
    if (this.#length === 0) this.#held = chunk;
    else this.#append(chunk);
    this.#length += chunk.length;
    if (this.#length < PREFIX_BYTES) return undefined;
    if (this.#held[0] !== 0) return COMPRESSED;
    const wanted = this.#wanted();
    if (wanted > this.#maxBytes + PREFIX_BYTES)
      return refusal(GRPC_STATUS.RESOURCE_EXHAUSTED, `the message is larger than the ${this.#maxBytes} bytes allowed`);
    return this.#length > wanted ? SECOND_MESSAGE : undefined;
  }

  /** The message, once the caller has said all. */
  end(): Buffer | GrpcRefusal {
    if (this.#length === 0) return NO_MESSAGE;
    if (this.#length < PREFIX_BYTES || this.#length < this.#wanted()) return CUT_OFF;
    return this.#held.subarray(PREFIX_BYTES, this.#length);
  }

  /** Of the message with its prefix. */
  #wanted(): number {
    return PREFIX_BYTES + this.#held.readUInt32BE(1);
  }

  /** Takes twice the room that it needs, so that a message in many pieces is copied about once, but not more than the message will need. */
  #append(chunk: Buffer): void {
    const length = this.#length + chunk.length;
    // A first piece has no room for more.
    if (length > this.#held.length) {
      const most = this.#length < PREFIX_BYTES ? 2 * length : Math.max(length, this.#wanted());
      const roomier = Buffer.allocUnsafe(Math.min(2 * length, most));
      this.#held.copy(roomier, 0, 0, this.#length);
      this.#held = roomier;
    }
    chunk.copy(this.#held, this.#length);
  }
}

/** A message with its prefix. */
export function framed(message: Buffer): Buffer {
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + message.length);
  frame[0] = 0;
  frame.writeUInt32BE(message.length, 1);
  message.copy(frame, PREFIX_BYTES);
  return frame;
}
