// A call on its stream: what is refused and how, what a caller may do in each phase, and what a method may do to the call.

import { once } from 'node:events';
import { constants } from 'node:http2';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GRPC_STATUS } from '../../../src/grpc/grpc-status.ts';
import { framed } from '../../../src/grpc/message-reader.ts';
import { eventually } from '../../rig/eventually.ts';
import { callHeaders, dataFrame, FLAG, FRAME, FrameConnection, headersFrame, resetFrame } from './http2-frames.ts';
import { call, MAX_MESSAGE_BYTES, PATH, type RunningGrpcServer, runGrpcServer } from './running-grpc-server.ts';

const HELLO = framed(Buffer.from('hello'));
/** For what is too late. */
const READ_LIMIT_MS = 1_000;

let running: RunningGrpcServer;
let connection: FrameConnection;
beforeEach(() => begin());
afterEach(end);

async function begin(setting: { readonly tls?: boolean; readonly readLimitMs?: number } = {}): Promise<void> {
  const { tls = false } = setting;
  running = await runGrpcServer(setting);
  connection = FrameConnection.begun(running.port, tls);
  if (tls) await once(connection.socket, 'secureConnect');
}

/** With other settings than the server that every test has. */
async function beginAnew(setting: Parameters<typeof begin>[0]): Promise<void> {
  await end();
  await begin(setting);
}

async function end(): Promise<void> {
  connection.destroy();
  await running.stop();
}

const ended = (stream: number) =>
  eventually(`the end of stream ${stream}`, () =>
    connection.frames.some(
      (came) =>
        came.stream === stream &&
        (came.type === FRAME.RST_STREAM || (came.type !== FRAME.RST_STREAM && (came.flags & FLAG.END_STREAM) !== 0)),
    ),
  );

describe('a message', () => {
  test('is answered with one message and an OK', async () => {
    expect(await call(running.connect(), PATH.echo, [HELLO])).toMatchObject({
      headers: { ':status': 200, 'content-type': 'application/grpc' },
      trailers: { 'grpc-status': '0' },
      body: HELLO,
      resetCode: 0,
    });
  });

  test('is answered with several, in their order', async () => {
    expect(await call(running.connect(), PATH.several, [HELLO])).toMatchObject({
      trailers: { 'grpc-status': '0' },
      body: Buffer.concat([HELLO, HELLO, HELLO]),
    });
  });

  test('may be empty', async () => {
    expect(await call(running.connect(), PATH.echo, [framed(Buffer.alloc(0))])).toMatchObject({ status: '0' });
    expect(running.messages).toEqual([Buffer.alloc(0)]);
  });

  test('may be as large as the limit, and no larger', async () => {
    const session = running.connect();
    expect(await call(session, PATH.echo, [framed(Buffer.alloc(MAX_MESSAGE_BYTES, 1))])).toMatchObject({ status: '0' });
    expect(await call(session, PATH.echo, [framed(Buffer.alloc(MAX_MESSAGE_BYTES + 1))])).toMatchObject({
      status: String(GRPC_STATUS.RESOURCE_EXHAUSTED),
    });
    expect(running.messages).toHaveLength(1);
  });

  test('may come in frames of one byte with empty ones between', async () => {
    connection.send(headersFrame(1, callHeaders(PATH.echo)));
    for (const byte of HELLO) connection.send(dataFrame(1, Buffer.from([byte])), dataFrame(1, Buffer.alloc(0)));
    connection.send(dataFrame(1, Buffer.alloc(0), FLAG.END_STREAM));
    await ended(1);
    expect(connection.frames.find(({ type }) => type === FRAME.DATA)?.payload).toEqual(HELLO);
  });

  test('may be followed by trailers', async () => {
    connection.send(
      headersFrame(1, callHeaders(PATH.echo)),
      dataFrame(1, HELLO),
      headersFrame(1, { 'x-checksum': '1' }, FLAG.END_HEADERS | FLAG.END_STREAM),
    );
    await ended(1);
    expect(connection.frames.find(({ type }) => type === FRAME.DATA)?.payload).toEqual(HELLO);
  });

  test('reaches its method only when the caller has said all', async () => {
    const other = framed(Buffer.from('other'));
    connection.send(headersFrame(1, callHeaders(PATH.echo)), dataFrame(1, HELLO));
    connection.send(headersFrame(3, callHeaders(PATH.echo)), dataFrame(3, other, FLAG.END_STREAM));
    await ended(3);
    expect(running.messages.map(String)).toEqual(['other']);
  });
});

describe('refused without a method being asked is', () => {
  const unasked = async (
    pieces: readonly Buffer[],
    status: number,
    changes: Readonly<Record<string, string | undefined>> = {},
    path: string = PATH.echo,
  ) => {
    const session = running.connect();
    const reply = await call(session, path, pieces, changes);
    expect(reply).toMatchObject({
      headers: { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': String(status) },
      resetCode: 0,
    });
    expect(reply.headers['grpc-message']).toMatch(/^[ -~]+$/);
    expect(running.messages).toEqual([]);
    expect(await call(session, PATH.echo, [HELLO])).toMatchObject({ status: '0' });
    return reply;
  };

  test('a call without a message', () => unasked([], GRPC_STATUS.UNIMPLEMENTED));
  test('a call with an empty body', () => unasked([Buffer.alloc(0)], GRPC_STATUS.UNIMPLEMENTED));
  test('a call with two messages', () => unasked([HELLO, HELLO], GRPC_STATUS.UNIMPLEMENTED));
  test('a prefix that is cut off', () => unasked([HELLO.subarray(0, 4)], GRPC_STATUS.INTERNAL));
  test('a message that is cut off', () => unasked([HELLO.subarray(0, 8)], GRPC_STATUS.INTERNAL));
  test('a path that is not served', () => unasked([HELLO], GRPC_STATUS.UNIMPLEMENTED, {}, '/test.Calls/None'));
  test('a path with a query', () => unasked([HELLO], GRPC_STATUS.UNIMPLEMENTED, {}, `${PATH.echo}?a=1`));
  test('a timeout that is none', () => unasked([HELLO], GRPC_STATUS.INTERNAL, { 'grpc-timeout': 'soon' }));

  test('a compressed message, and it is told what is taken', async () => {
    const compressed = Buffer.from(HELLO);
    compressed.writeUInt8(1);
    const { headers } = await unasked([compressed], GRPC_STATUS.UNIMPLEMENTED, { 'grpc-encoding': 'gzip' });
    expect(headers['grpc-accept-encoding']).toBe('identity');
  });

  test.each([undefined, 'application/json', 'application/grpc-web', 'application/grpcx', 'text/plain'])(
    'content of the type %s',
    async (type) => {
      const reply = await call(running.connect(), PATH.echo, [HELLO], { 'content-type': type });
      expect(reply).toMatchObject({ headers: { ':status': 415 }, status: undefined });
      expect(running.messages).toEqual([]);
    },
  );

  test.each(['GET', 'HEAD', 'PUT', 'OPTIONS', 'post'])('the method %s', async (method) => {
    const session = running.connect();
    expect(await call(session, PATH.echo, [], { ':method': method })).toMatchObject({ headers: { ':status': 405 } });
    expect(await call(session, PATH.echo, [HELLO])).toMatchObject({ status: '0' });
    expect(running.messages).toHaveLength(1);
  });

  test('CONNECT', async () => {
    connection.send(headersFrame(1, { ':method': 'CONNECT', ':authority': 'test' }));
    await ended(1);
    expect(await call(running.connect(), PATH.echo, [HELLO])).toMatchObject({ status: '0' });
  });
});

test.each(['application/grpc', 'application/grpc+proto', 'application/grpc;charset=utf-8'])(
  'content of the type %s is read',
  async (type) => {
    expect(await call(running.connect(), PATH.echo, [HELLO], { 'content-type': type })).toMatchObject({ status: '0' });
  },
);

describe('a refusal', () => {
  test('of a method is told in headers alone, with its text escaped, and without a reset', async () => {
    connection.send(headersFrame(1, callHeaders(PATH.refuse)), dataFrame(1, HELLO, FLAG.END_STREAM));
    await ended(1);
    connection.send(headersFrame(3, callHeaders(PATH.echo)), dataFrame(3, HELLO, FLAG.END_STREAM));
    await ended(3);
    expect(connection.typesOn(1)).toEqual([FRAME.HEADERS]);
    expect((await call(running.connect(), PATH.refuse, [HELLO])).headers).toMatchObject({
      'grpc-status': String(GRPC_STATUS.NOT_FOUND),
      'grpc-message': '100%25 not here',
    });
  });

  test('of an unread body comes before the body ends, closes the stream, and nothing more of it is read', async () => {
    const tooLong = Buffer.from([0, 0xff, 0xff, 0xff, 0xff]);
    connection.send(headersFrame(1, callHeaders(PATH.echo)), dataFrame(1, tooLong));
    await eventually('the reset', () => connection.typesOn(1).includes(FRAME.RST_STREAM));
    expect(connection.typesOn(1)).toEqual([FRAME.HEADERS, FRAME.RST_STREAM]);
    expect(connection.frames.find(({ type }) => type === FRAME.RST_STREAM)?.payload.readUInt32BE()).toBe(
      constants.NGHTTP2_NO_ERROR,
    );
    connection.send(dataFrame(1, Buffer.alloc(1_000)), dataFrame(1, HELLO, FLAG.END_STREAM));
    connection.send(headersFrame(3, callHeaders(PATH.echo)), dataFrame(3, HELLO, FLAG.END_STREAM));
    await ended(3);
    expect(running.messages).toHaveLength(1);
  });

  test('after a first message is told in the trailers', async () => {
    expect(await call(running.connect(), PATH.refuseLate, [HELLO])).toMatchObject({
      headers: { ':status': 200 },
      trailers: { 'grpc-status': String(GRPC_STATUS.UNAVAILABLE), 'grpc-message': 'gone' },
      body: HELLO,
    });
  });
});

test('a message that does not come in time is refused as too late, and its stream is closed', async () => {
  await beginAnew({ readLimitMs: READ_LIMIT_MS });
  const stream = running.connect().request(callHeaders(PATH.echo));
  stream.write(HELLO.subarray(0, 6));
  const [headers] = await once(stream, 'response');
  expect(headers).toMatchObject({ ':status': 200, 'grpc-status': String(GRPC_STATUS.DEADLINE_EXCEEDED) });
  if (!stream.closed) await once(stream.resume(), 'close');
  expect(running.messages).toEqual([]);
});

test('a call whose message has come may take longer than a message', async () => {
  await beginAnew({ readLimitMs: READ_LIMIT_MS });
  const held = call(running.connect(), PATH.hold, [HELLO]);
  await eventually('the call', () => running.held.size === 1);
  const late = running.connect().request(callHeaders(PATH.echo));
  await once(late.resume(), 'response');
  for (const waiting of running.held) waiting.answer(Buffer.from('late'));
  expect(await held).toMatchObject({ status: '0', body: framed(Buffer.from('late')) });
});

test('the deadline is as far away as the caller said', async () => {
  const before = Date.now();
  const session = running.connect();
  void call(session, PATH.hold, [HELLO], { 'grpc-timeout': '5S' }).catch(() => {});
  void call(session, PATH.hold, [HELLO]).catch(() => {});
  await eventually('the calls', () => running.held.size === 2);
  const [first, second] = [...running.held];
  expect(first?.deadlineMs).toBeGreaterThanOrEqual(before + 5_000);
  expect(first?.deadlineMs).toBeLessThanOrEqual(Date.now() + 5_000);
  expect(second?.deadlineMs).toBe(Number.POSITIVE_INFINITY);
});

describe('a bug', () => {
  test('of a method ends its call as an internal error, is reported, and harms no other call', async () => {
    const session = running.connect();
    const held = call(session, PATH.hold, [HELLO]);
    expect(await call(session, PATH.throwAtOnce, [HELLO])).toMatchObject({
      headers: { ':status': 200, 'grpc-status': String(GRPC_STATUS.INTERNAL), 'grpc-message': 'internal error' },
    });
    for (const waiting of running.held) waiting.answer(Buffer.from('well'));
    expect(await held).toMatchObject({ status: '0' });
    expect(running.defects).toEqual([new Error('bug')]);
  });

  test('of a method after its first message is told in the trailers, and is no OK', async () => {
    expect(await call(running.connect(), PATH.throwLate, [HELLO])).toMatchObject({
      trailers: { 'grpc-status': String(GRPC_STATUS.INTERNAL) },
      body: HELLO,
    });
    expect(running.defects).toEqual([new Error('bug')]);
  });

  test('of a listener to the end of a call is reported', async () => {
    const session = running.connect();
    const held = call(session, PATH.hold, [HELLO]).catch(() => {});
    await eventually('the call', () => running.held.size === 1);
    for (const waiting of running.held)
      waiting.onClosed(() => {
        throw new Error('bug');
      });
    session.destroy();
    await held;
    await eventually('the report', () => running.defects.length === 1);
  });
});

describe('a caller that resets', () => {
  const headers = (path: string) => headersFrame(1, callHeaders(path));
  const phases: Readonly<Record<string, readonly Buffer[]>> = {
    'with its headers': [headers(PATH.echo)],
    'with the headers of a call that is not served': [headers('/test.Calls/None')],
    'with headers of another protocol': [headersFrame(1, callHeaders(PATH.echo, { 'content-type': 'text/plain' }))],
    'with the headers of a GET': [headersFrame(1, callHeaders(PATH.echo, { ':method': 'GET' }))],
    'with a timeout that is none': [headersFrame(1, callHeaders(PATH.echo, { 'grpc-timeout': 'soon' }))],
    'in the middle of a prefix': [headers(PATH.echo), dataFrame(1, HELLO.subarray(0, 3))],
    'in the middle of a message': [headers(PATH.echo), dataFrame(1, HELLO.subarray(0, 7))],
    'after its message, without an end': [headers(PATH.echo), dataFrame(1, HELLO)],
    'after a message over the limit': [headers(PATH.echo), dataFrame(1, Buffer.alloc(9, 0xff))],
    'after its message is asked about': [headers(PATH.hold), dataFrame(1, HELLO, FLAG.END_STREAM)],
    'while it is answered': [headers(PATH.echo), dataFrame(1, HELLO, FLAG.END_STREAM)],
    'while it is told several messages': [headers(PATH.several), dataFrame(1, HELLO, FLAG.END_STREAM)],
    'while it is refused': [headers(PATH.refuse), dataFrame(1, HELLO, FLAG.END_STREAM)],
    'while a bug is met': [headers(PATH.throwLate), dataFrame(1, HELLO, FLAG.END_STREAM)],
  };

  const cases = Object.entries(phases).flatMap(([name, frames]) => [
    [`${name} over h2c`, false, frames] as const,
    [`${name} over TLS`, true, frames] as const,
  ]);
  describe.each(cases)('%s', (_name, tls, frames) => {
    beforeEach(() => (tls ? beginAnew({ tls }) : undefined));
    test.each(['in the same piece', 'a moment later', 'by closing the connection'])(
      '%s leaves the next call served',
      async (how) => {
        if (how === 'in the same piece') connection.send(...frames, resetFrame(1));
        else {
          connection.send(...frames);
          await new Promise((resolve) => setImmediate(resolve));
          if (how === 'a moment later') connection.send(resetFrame(1));
          else connection.cut();
        }
        if (how !== 'by closing the connection') {
          connection.send(headersFrame(3, callHeaders(PATH.echo)), dataFrame(3, HELLO, FLAG.END_STREAM));
          await ended(3);
          expect(connection.typesOn(3)).toContain(FRAME.DATA);
        }
        expect(await call(running.connect(), PATH.echo, [HELLO])).toMatchObject({ status: '0' });
        await eventually('nothing to be held', () => running.held.size === 0);
      },
    );
  });

  test('is noticed by the call, and whatever is told then is dropped', async () => {
    connection.send(headersFrame(1, callHeaders(PATH.hold)), dataFrame(1, HELLO, FLAG.END_STREAM));
    const [held] = await eventually('the call', () => running.held.size === 1 && [...running.held]);
    expect(held?.isOver).toBe(false);
    connection.send(resetFrame(1));
    await eventually('the end', () => running.held.size === 0);
    expect(held?.isOver).toBe(true);
    held?.send(HELLO);
    held?.answer(HELLO);
    held?.refuse({ status: GRPC_STATUS.INTERNAL, details: 'no' });
    held?.end();
    connection.send(headersFrame(3, callHeaders(PATH.echo)), dataFrame(3, HELLO, FLAG.END_STREAM));
    await ended(3);
    expect(connection.typesOn(3)).toContain(FRAME.DATA);
    expect(connection.typesOn(1)).toEqual([]);
  });
});

test('a call is told its end once: what follows is dropped', async () => {
  const reply = call(running.connect(), PATH.hold, [HELLO]);
  const [held] = await eventually('the call', () => running.held.size === 1 && [...running.held]);
  held?.refuse({ status: GRPC_STATUS.UNAVAILABLE, details: 'first' });
  expect(held?.isOver).toBe(true);
  held?.answer(Buffer.from('allowed'));
  held?.send(Buffer.from('allowed'));
  held?.end();
  expect(await reply).toMatchObject({ status: String(GRPC_STATUS.UNAVAILABLE), body: Buffer.alloc(0) });
});

test('a caller that does not read its answer in time is reset, and keeps no other from theirs', async () => {
  await beginAnew({ readLimitMs: READ_LIMIT_MS });
  const session = running.connect({ settings: { initialWindowSize: 0 } });
  const stuck = session.request(callHeaders(PATH.echo));
  stuck.on('error', () => {});
  stuck.end(framed(Buffer.alloc(50_000)));
  await once(stuck, 'response');
  expect(await call(running.connect(), PATH.echo, [HELLO])).toMatchObject({ status: '0' });
  if (!stuck.closed) await once(stuck, 'close');
  expect(stuck.rstCode).toBe(constants.NGHTTP2_CANCEL);
});

test('so is one whose answer took longer than a message may', async () => {
  await beginAnew({ readLimitMs: READ_LIMIT_MS });
  const session = running.connect({ settings: { initialWindowSize: 0 } });
  const stuck = session.request(callHeaders(PATH.hold));
  stuck.on('error', () => {});
  stuck.end(HELLO);
  await eventually('the call', () => running.held.size === 1);
  const late = running.connect().request(callHeaders(PATH.echo));
  await once(late.resume(), 'response');
  for (const held of running.held) held.answer(Buffer.from('late'));
  await once(stuck, 'close');
  expect(stuck.rstCode).toBe(constants.NGHTTP2_CANCEL);
  await eventually('nothing to be held', () => running.held.size === 0);
});
