// A connection to an AMQP broker with its socket in hand. amqplib hears one error of a socket that connects, hands a connection over only
// after it has taken in all that came with it, and waits for ever for a broker that goes while it is told goodbye; here it does not.

import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { type ChannelModel, connect, type Options } from 'amqplib';

/** Node's diagnostics channel of sockets that are made. */
const SOCKET_MADE = 'net.client.socket';
/** How long a broker may take to say goodbye. */
const GOODBYE_MS = 2_000;
/** Before and after the payload of a frame (AMQP 0-9-1 §4.2.3). */
const FRAME_HEAD_BYTES = 7;
const FRAME_END_BYTES = 1;
const FRAME_SIZE_AT = 3;
/** No frame that opens a connection is as long; what says that it is, amqplib refuses. */
const MAX_OPENING_BYTES = 1_048_576;

/** One connection, from its first packet to its end. */
export class BrokerLink {
  /** Rejects where it cannot be had. */
  readonly connection: Promise<ChannelModel>;
  readonly #socket: Socket;
  readonly #gone = Promise.withResolvers<never>();

  /** Begins to connect. Throws where the options cannot be used. */
  constructor(target: Options.Connect, socketOptions: object) {
    let made: Socket | undefined;
    const take = (message: unknown) => {
      made ??= (message as { readonly socket: Socket }).socket;
    };
    subscribe(SOCKET_MADE, take);
    const opening = connect(target, socketOptions);
    unsubscribe(SOCKET_MADE, take);
    opening.catch(() => undefined);
    if (made === undefined) throw new Error('no connection was begun');
    const socket = made;
    this.#socket = socket;
    // A TLS socket may tell of two: its own refusal of a certificate and the alert behind it. Node leaves it open after either.
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#gone.reject(new Error('closed')));
    const release = frameByFrame(socket);
    this.connection = Promise.race([opening, this.#gone.promise]).finally(release);
  }

  /** Ends it without a word; whoever waits for the broker hears why. */
  cut(why: string): void {
    this.#socket.destroy(new Error(why));
  }

  /** Says goodbye, and waits for an answer neither long nor when none can come any more. */
  async close(): Promise<void> {
    const over = new AbortController();
    const goodbye = this.connection.then((connection) => connection.close());
    const late = delay(GOODBYE_MS, undefined, { signal: over.signal });
    await Promise.race([goodbye, this.#gone.promise, late]).catch(() => undefined);
    over.abort();
    late.catch(() => undefined);
    this.#socket.destroy();
  }
}

/** Lets a socket give one frame in a turn of the loop, until it is released: errors of a connection are heard once it is handed over. */
function frameByFrame(socket: Socket): () => void {
  const readAll = socket.read;
  let held: Buffer = Buffer.alloc(0);
  let isResting = false;
  socket.read = () => {
    const come = readAll.call(socket) as Buffer | null;
    if (come !== null) held = Buffer.concat([held, come]);
    if (isResting || held.length < FRAME_HEAD_BYTES) return null;
    const bytes = FRAME_HEAD_BYTES + held.readUInt32BE(FRAME_SIZE_AT) + FRAME_END_BYTES;
    if (bytes > held.length && bytes <= MAX_OPENING_BYTES) return null;
    const frame = held.subarray(0, bytes);
    held = held.subarray(bytes);
    isResting = true;
    setImmediate(() => {
      isResting = false;
      if (held.length > 0) socket.emit('readable');
    });
    return frame;
  };
  return () => {
    socket.read = readAll;
    if (held.length > 0 && !socket.destroyed) socket.unshift(held);
  };
}
