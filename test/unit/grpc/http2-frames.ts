// HTTP/2 frames made by hand (RFC 9113 §4 and §6), for what no HTTP/2 client would send; headers are literals without Huffman.

import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** Frame types. */
export const FRAME = {
  DATA: 0,
  HEADERS: 1,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  CONTINUATION: 9,
} as const;

/** Frame flags. */
export const FLAG = { NONE: 0, END_STREAM: 1, ACK: 1, END_HEADERS: 4 } as const;

/** What a connection begins with. */
export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');

/** A frame as it came. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** One frame as bytes. */
export function frame(type: number, flags: number, stream: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

/** Headers of a usual call, with changes; undefined leaves one out. */
export function callHeaders(
  path: string,
  changes: Readonly<Record<string, string | undefined>> = {},
): Record<string, string> {
  const usual = {
    ':method': 'POST',
    ':scheme': 'http',
    ':path': path,
    ':authority': 'test',
    'content-type': 'application/grpc',
    te: 'trailers',
    ...changes,
  };
  return Object.fromEntries(Object.entries(usual).filter((entry): entry is [string, string] => entry[1] !== undefined));
}

/** A HEADERS frame. */
export function headersFrame(
  stream: number,
  headers: Readonly<Record<string, string>>,
  flags: number = FLAG.END_HEADERS,
): Buffer {
  return frame(FRAME.HEADERS, flags, stream, headerBlock(headers));
}

/** Names and values, shorter than 127 bytes each (RFC 7541 §6.2.2). */
export function headerBlock(headers: Readonly<Record<string, string>>): Buffer {
  const text = (value: string) => Buffer.concat([Buffer.from([value.length]), Buffer.from(value)]);
  return Buffer.concat(Object.entries(headers).flatMap(([name, value]) => [Buffer.from([0]), text(name), text(value)]));
}

/** A DATA frame. */
export function dataFrame(stream: number, payload: Buffer, flags: number = FLAG.NONE): Buffer {
  return frame(FRAME.DATA, flags, stream, payload);
}

/** A RST_STREAM frame that says CANCEL. */
export function resetFrame(stream: number): Buffer {
  return frame(FRAME.RST_STREAM, FLAG.NONE, stream, Buffer.from([0, 0, 0, 8]));
}

/** A connection on which anything may be said. */
export class FrameConnection {
  readonly frames: Frame[] = [];
  readonly socket: Socket;
  /** Settles when the server has closed it, or it broke. */
  readonly closed: Promise<void>;
  #unread = Buffer.alloc(0);

  readonly #raw: Socket;

  constructor(port: number, tls = false) {
    this.#raw = connect({ port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    this.socket = tls ? connectTls({ socket: this.#raw, ALPNProtocols: ['h2'], rejectUnauthorized: false }) : this.#raw;
    this.socket.on('data', (chunk: Buffer) => this.#read(chunk));
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) => this.socket.once('end', resolve).once('close', () => resolve()));
  }

  /** After the preface and empty settings. */
  static begun(port: number, tls = false): FrameConnection {
    const connection = new FrameConnection(port, tls);
    connection.send(PREFACE, frame(FRAME.SETTINGS, FLAG.NONE, 0));
    return connection;
  }

  /** In one piece. */
  send(...frames: Buffer[]): void {
    this.socket.write(Buffer.concat(frames));
  }

  /** Ends it with a TCP reset. */
  cut(): void {
    this.#raw.resetAndDestroy();
  }

  /** Ends it. */
  destroy(): void {
    this.socket.destroy();
    this.#raw.destroy();
  }

  /** What came on a stream, by type. */
  typesOn(stream: number): number[] {
    return this.frames.filter((came) => came.stream === stream).map(({ type }) => type);
  }

  #read(chunk: Buffer): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    while (this.#unread.length >= 9) {
      const end = 9 + this.#unread.readUIntBE(0, 3);
      if (this.#unread.length < end) return;
      this.frames.push({
        type: this.#unread.readUInt8(3),
        flags: this.#unread.readUInt8(4),
        stream: this.#unread.readUInt32BE(5),
        payload: this.#unread.subarray(9, end),
      });
      this.#unread = this.#unread.subarray(end);
    }
  }
}
