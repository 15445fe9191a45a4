// An AMQP 0-9-1 broker on loopback that opens connections, channels and subscriptions, delivers nothing, and misbehaves where a test
// says so. It knows nothing of Gatehouse.

import { type AddressInfo, createServer, type Socket } from 'node:net';

/** Methods by class and id, as far as a subscriber uses them. */
const METHOD = {
  header: '',
  startOk: '10.11',
  open: '10.40',
  close: '10.50',
  channelOpen: '20.10',
  declare: '50.10',
  bind: '50.20',
  qos: '60.10',
  consume: '60.20',
} as const;

/** What a client asks for; `header` is its first word. */
export type AmqpStep = keyof typeof METHOD;

/** A client's connection. */
export interface AmqpClient {
  readonly socket: Socket;
  /** Counted from 1. */
  readonly number: number;
}

/** A running broker. */
export interface AmqpBroker {
  readonly port: number;
  stop(): Promise<void>;
}

/** What is sent beside the usual answer, or instead of it where `alone` is true. */
export interface AmqpOddity {
  readonly bytes?: Buffer;
  readonly alone?: boolean;
  readonly reset?: boolean;
}

const FRAME_END = Buffer.from([0xce]);
const HEADER_BYTES = 8;
const HEAD_BYTES = 7;
const HEARTBEAT_SECONDS = 60;

const short = (...values: number[]) => Buffer.concat(values.map((value) => Buffer.from([value >> 8, value & 0xff])));
const long = (value: number) => Buffer.concat([short(value >>> 16), short(value & 0xffff)]);
const shortText = (text: string) => Buffer.concat([Buffer.from([text.length]), Buffer.from(text)]);
const longText = (text: string) => Buffer.concat([long(text.length), Buffer.from(text)]);

function method(channel: number, classId: number, id: number, ...args: readonly Buffer[]): Buffer {
  const payload = Buffer.concat([short(classId, id), ...args]);
  return Buffer.concat([Buffer.from([1]), short(channel), long(payload.length), payload, FRAME_END]);
}

/** The broker ends the connection: INTERNAL_ERROR. */
export const CLOSES: Buffer = method(0, 10, 50, short(541), shortText('INTERNAL_ERROR'), short(0, 0));
/** The broker took the first queue away. */
export const CANCELS: Buffer = method(1, 60, 30, shortText('tag1'), Buffer.from([1]));

/** Starts it. `odd` says what is different at a step. */
export async function startAmqpBroker(
  odd: (step: AmqpStep, client: AmqpClient) => AmqpOddity | undefined,
): Promise<AmqpBroker> {
  const sockets = new Set<Socket>();
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    const client = { socket, number: connections };
    let tags = 0;
    let come: Buffer = Buffer.alloc(0);
    let isOpening = true;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    const usual: Readonly<Record<AmqpStep, () => Buffer>> = {
      header: () => method(0, 10, 10, Buffer.from([0, 9]), long(0), longText('PLAIN'), longText('en_US')),
      startOk: () => method(0, 10, 30, short(10), long(131_072), short(HEARTBEAT_SECONDS)),
      open: () => method(0, 10, 41, shortText('')),
      close: () => method(0, 10, 51),
      channelOpen: () => method(1, 20, 11, longText('')),
      declare: () => method(1, 50, 11, shortText('q'), long(0), long(0)),
      bind: () => method(1, 50, 21),
      qos: () => method(1, 60, 11),
      consume: () => method(1, 60, 21, shortText(`tag${++tags}`)),
    };
    const answer = (step: AmqpStep) => {
      const { alone = false, bytes = Buffer.alloc(0), reset = false } = odd(step, client) ?? {};
      socket.write(Buffer.concat([...(alone ? [] : [usual[step]()]), bytes]));
      if (reset) socket.resetAndDestroy();
    };
    socket.on('data', (bytes: Buffer) => {
      come = Buffer.concat([come, bytes]);
      if (isOpening && come.length >= HEADER_BYTES) {
        isOpening = false;
        come = come.subarray(HEADER_BYTES);
        answer('header');
      }
      while (!isOpening && come.length >= HEAD_BYTES) {
        const size = HEAD_BYTES + come.readUInt32BE(3) + FRAME_END.length;
        if (come.length < size) return;
        const frame = come.subarray(0, size);
        come = come.subarray(size);
        const name = frame[0] === 1 ? `${frame.readUInt16BE(7)}.${frame.readUInt16BE(9)}` : undefined;
        const step = (Object.keys(METHOD) as AmqpStep[]).find((one) => METHOD[one] === name);
        if (step !== undefined) answer(step);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
