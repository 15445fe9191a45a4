// The server on its sockets: who is let in, what floods and odd connections do to the others, and how it leaves.

import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { type AddressInfo, connect as connectTcp, createServer, isIP } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { GrpcServer } from '../../../src/grpc/grpc-server.ts';
import { GRPC_STATUS } from '../../../src/grpc/grpc-status.ts';
import { framed } from '../../../src/grpc/message-reader.ts';
import { eventually } from '../../rig/eventually.ts';
import { freePort } from '../../rig/free-port.ts';
import {
  callHeaders,
  dataFrame,
  FLAG,
  FRAME,
  FrameConnection,
  frame,
  headersFrame,
  resetFrame,
} from './http2-frames.ts';
import { call, LOOPBACK, PATH, type RunningGrpcServer, runGrpcServer } from './running-grpc-server.ts';

// What a name stands for is the machine's; only here can it be what no machine of ours has.
vi.mock('node:dns/promises', async (original) => {
  const dns = await original<typeof import('node:dns/promises')>();
  return { ...dns, lookup: vi.fn(dns.lookup) };
});

const HELLO = framed(Buffer.from('hello'));
const LONG_MS = 60_000;

const started: RunningGrpcServer[] = [];
const connections: FrameConnection[] = [];
afterEach(async () => {
  for (const connection of connections.splice(0)) connection.destroy();
  for (const running of started.splice(0)) await running.stop();
});

async function serve(setting: Parameters<typeof runGrpcServer>[0] = {}): Promise<RunningGrpcServer> {
  const running = await runGrpcServer(setting);
  started.push(running);
  return running;
}

function begun({ port }: RunningGrpcServer): FrameConnection {
  const connection = FrameConnection.begun(port);
  connections.push(connection);
  return connection;
}

async function expectServing(running: RunningGrpcServer): Promise<void> {
  expect(await call(running.connect(), PATH.echo, [HELLO])).toMatchObject({ status: '0', body: HELLO });
}

describe.each([
  ['h2c', false],
  ['TLS', true],
])('over %s', (_name, tls) => {
  test('calls of many connections at once are answered, each with its own message', async () => {
    const running = await serve({ tls });
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => running.connect()).flatMap((session, i) =>
        Array.from({ length: 20 }, (_, j) => {
          const message = framed(Buffer.from(`${i}/${j}`));
          return call(session, PATH.echo, [message]).then(({ body }) => expect(body).toEqual(message));
        }),
      ),
    );
    expect(replies).toHaveLength(200);
  });

  test('closing tells idle connections, and waits for none of them', async () => {
    const running = await serve({ tls });
    const session = running.connect();
    await call(session, PATH.echo, [HELLO]);
    const gone = once(session, 'goaway');
    await running.server.close(LONG_MS);
    await gone;
  });

  test('closing lets a call that has begun finish', async () => {
    const running = await serve({ tls });
    const reply = call(running.connect(), PATH.hold, [HELLO]);
    await eventually('the call', () => running.held.size === 1);
    const closed = running.server.close(LONG_MS);
    for (const held of running.held) held.answer(Buffer.from('late'));
    expect(await reply).toMatchObject({ status: '0', body: framed(Buffer.from('late')) });
    await closed;
  });

  test('closing cuts off calls, half-read messages and connections that outlast the grace', async () => {
    const running = await serve({ tls });
    const session = running.connect();
    const held = call(session, PATH.hold, [HELLO]).catch(() => 'cut off');
    const unfinished = session.request(callHeaders(PATH.echo));
    unfinished.on('error', () => {});
    unfinished.write(HELLO.subarray(0, 3));
    await eventually('the call', () => running.held.size === 1);
    const idle = connectTcp(running.port, '127.0.0.1').on('error', () => {});
    await once(idle.resume(), 'connect');
    await running.server.close(50);
    expect(await held).toBe('cut off');
    if (!unfinished.closed) await once(unfinished, 'close');
    if (!idle.destroyed) await once(idle, 'close');
    await eventually('the end of the call', () => running.held.size === 0);
  });

  test('a client that never closes its side does not hold the server', async () => {
    const running = await serve({ tls });
    const silent = connectTcp({ port: running.port, host: '127.0.0.1', allowHalfOpen: true }).on('error', () => {});
    await once(silent, 'connect');
    silent.resume();
    await running.server.close(50);
    silent.destroy();
  });

  test('what is no HTTP/2 ends its own connection', async () => {
    const running = await serve({ tls });
    for (const noise of ['GET / HTTP/1.1\r\nhost: a\r\n\r\n', '\x16\x03\x01\x00\x05hello', '\0'.repeat(1000)]) {
      const socket = connectTcp(running.port, '127.0.0.1').on('error', () => {});
      socket.resume();
      socket.write(noise);
      await once(socket, 'close');
    }
    await expectServing(running);
  });

  test('connections that are cut in the middle of everything leave the server serving', async () => {
    const running = await serve({ tls });
    for (let i = 0; i < 20; i++) {
      const session = running.connect();
      for (const path of [PATH.hold, PATH.echo, PATH.several, PATH.refuse]) {
        call(session, path, [HELLO]).catch(() => {});
        session.request(callHeaders(path)).on('error', () => {});
      }
      await once(session, 'connect');
      if (i % 2 === 0) await eventually('a call', () => running.held.size > 0);
      session.destroy();
    }
    await eventually('nothing to be held', () => running.held.size === 0);
    await expectServing(running);
    expect(running.defects).toEqual([]);
  });
});

describe('TLS', () => {
  test('a client without ALPN is told so, and one that cuts it off does no harm', async () => {
    const running = await serve({ tls: true });
    const options = { port: running.port, host: '127.0.0.1', rejectUnauthorized: false };
    const told = connectTls(options).on('error', () => {});
    const [answer] = (await once(told, 'data')) as [Buffer];
    expect(String(answer)).toContain('ALPN');
    told.destroy();
    for (let i = 0; i < 20; i++) {
      const socket = connectTcp(running.port, '127.0.0.1').on('error', () => {});
      const secured = connectTls({ socket, rejectUnauthorized: false }).on('error', () => {});
      await once(secured, 'secureConnect');
      secured.write('x'.repeat(100_000));
      await new Promise((resolve) => setImmediate(resolve));
      socket.resetAndDestroy();
    }
    await expectServing(running);
  });

  test('a handshake that does not go on is ended', async () => {
    const running = await serve({ tls: true, readLimitMs: 1_500 });
    const socket = connectTcp(running.port, '127.0.0.1').on('error', () => {});
    socket.resume();
    await once(socket, 'close');
    await expectServing(running);
  });

  test('a handshake that ends after the server began to close leads to a GOAWAY and no call', async () => {
    const running = await serve({ tls: true });
    const socket = connectTcp(running.port, '127.0.0.1');
    await once(socket, 'connect');
    // The server has taken the connection before it is asked to close.
    await expectServing(running);
    const closed = running.server.close(LONG_MS);
    const secured = connectTls({ socket, ALPNProtocols: ['h2'], rejectUnauthorized: false });
    const session = running.connect({ createConnection: () => secured });
    expect(await call(session, PATH.echo, [HELLO]).catch(() => 'no call')).toBe('no call');
    await closed;
    expect(running.messages).toHaveLength(1);
  });
});

describe('floods', () => {
  test('of streams that are opened and reset leave no call and no timer, and the server serving', async () => {
    const running = await serve();
    const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
    const before = timers();
    for (let sent = 0; sent < 10_000; sent += 500) {
      const connection = begun(running);
      for (let stream = 1; stream < 1_000; stream += 2) {
        const path = stream % 4 === 1 ? PATH.hold : PATH.echo;
        const started = headersFrame(stream, callHeaders(path));
        const rest = stream % 3 === 0 ? [dataFrame(stream, HELLO, FLAG.END_STREAM)] : [];
        connection.send(started, ...rest, resetFrame(stream));
      }
    }
    await expectServing(running);
    await eventually('nothing to be held', () => running.held.size === 0);
    await eventually('no timers of calls', () => timers() < before + 10);
    await running.server.close(50);
  });

  test('of resets after a stall do not end their connection', async () => {
    const running = await serve();
    const connection = begun(running);
    for (let stream = 1; stream < 10_000; stream += 2)
      connection.send(headersFrame(stream, callHeaders(PATH.echo)), resetFrame(stream));
    connection.send(headersFrame(10_001, callHeaders(PATH.echo)), dataFrame(10_001, HELLO, FLAG.END_STREAM));
    await eventually('the answer', () => connection.typesOn(10_001).includes(FRAME.DATA));
  });

  test('of resets on one connection end it, and no other', async () => {
    const running = await serve();
    const other = running.connect();
    await call(other, PATH.echo, [HELLO]);
    const connection = begun(running);
    for (let stream = 1; stream < 60_000; stream += 2)
      connection.send(headersFrame(stream, callHeaders(PATH.echo)), resetFrame(stream));
    await connection.closed;
    expect(await call(other, PATH.echo, [HELLO])).toMatchObject({ status: '0' });
  });

  test.each([
    ['settings', frame(FRAME.SETTINGS, FLAG.NONE, 0, Buffer.from([0, 4, 0, 0, 0xff, 0xff]))],
    ['pings', frame(FRAME.PING, FLAG.NONE, 0, Buffer.alloc(8))],
  ])('of %s whose answers are not read leave the server serving', async (_name, flood) => {
    const running = await serve();
    const connection = begun(running);
    connection.socket.pause();
    for (let i = 0; i < 200; i++) connection.send(...Array.from({ length: 200 }, () => flood));
    await expectServing(running);
  });

  test('of headers without end close the connection', async () => {
    const running = await serve();
    const connection = begun(running);
    connection.send(headersFrame(1, callHeaders(PATH.echo), FLAG.NONE));
    const more = frame(FRAME.CONTINUATION, FLAG.NONE, 1, Buffer.alloc(0));
    for (let i = 0; i < 100; i++) connection.send(...Array.from({ length: 100 }, () => more));
    await connection.closed;
    await expectServing(running);
  });

  test('of empty DATA frames are no message, and harm nobody', async () => {
    const running = await serve({ readLimitMs: 1_500 });
    const connection = begun(running);
    connection.send(headersFrame(1, callHeaders(PATH.echo)));
    for (let i = 0; i < 100; i++) connection.send(...Array.from({ length: 100 }, () => dataFrame(1, Buffer.alloc(0))));
    await eventually('the end of the stream or the connection', () =>
      connection.frames.some(({ type }) => type === FRAME.RST_STREAM || type === FRAME.GOAWAY),
    );
    await expectServing(running);
    expect(running.messages).toHaveLength(1);
  });

  test('of streams beyond the limit refuse those alone', async () => {
    const running = await serve({ maxConcurrentStreams: 10 });
    const connection = begun(running);
    const opened = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    for (const stream of opened)
      connection.send(headersFrame(stream, callHeaders(PATH.hold)), dataFrame(stream, HELLO, FLAG.END_STREAM));
    await eventually('the refusals', () =>
      opened.slice(10).every((stream) => connection.typesOn(stream).includes(FRAME.RST_STREAM)),
    );
    await eventually('the calls within it', () => running.held.size === 10);
  });

  test('of half-sent messages on many connections hold no more than is allowed for all', async () => {
    const running = await serve({ maxHeldBytes: 200_000 });
    const large = framed(Buffer.alloc(90_000, 1));
    const half = large.subarray(0, 60_000);
    const begin = () => {
      const stream = running.connect().request(callHeaders(PATH.echo), { endStream: false });
      stream.on('error', () => {});
      stream.write(half);
      return stream;
    };
    const begun = [begin(), begin(), begin()];
    const session = running.connect();
    // As soon as those three have come there is no room for another one, but for what is small.
    await eventually(
      'a refusal',
      async () => (await call(session, PATH.echo, [large])).status === String(GRPC_STATUS.RESOURCE_EXHAUSTED),
    );
    expect(await call(session, PATH.echo, [HELLO])).toMatchObject({ status: '0', body: HELLO });
    for (const stream of begun) stream.close();
    await eventually('room', async () => (await call(session, PATH.echo, [large])).status === '0');
    // What was answered, refused or given up is held no longer.
    for (let i = 0; i < 10; i++) expect(await call(session, PATH.echo, [large])).toMatchObject({ status: '0' });
  });

  test('of refused bodies do not use up the window of their connection', async () => {
    const running = await serve();
    const session = running.connect();
    const body = Buffer.alloc(60_000);
    for (let i = 0; i < 50; i++)
      expect(await call(session, '/test.Calls/None', [body])).toMatchObject({
        status: String(GRPC_STATUS.UNIMPLEMENTED),
      });
    const large = framed(Buffer.alloc(90_000, 1));
    expect(await call(session, PATH.echo, [large])).toMatchObject({ status: '0', body: large });
  });
});

describe('addresses', () => {
  const V4 = { address: '127.0.0.1', family: 4 };
  const V6 = { address: '::1', family: 6 };
  const NAMED = [{ ...LOOPBACK, host: 'some.name' }];
  const standsFor = (addresses: readonly LookupAddress[]) =>
    vi.mocked(lookup).mockResolvedValueOnce(addresses as unknown as LookupAddress);

  test('of a name that stands for several are all listened on, at one port', async () => {
    standsFor([V4, V6]);
    const running = await serve({ listen: NAMED });
    expect(running.server.addresses).toEqual([{ ...NAMED[0], port: expect.any(Number) }]);
    for (const { address } of [V4, V6]) {
      const socket = connectTcp(running.port, address);
      await once(socket, 'connect');
      socket.destroy();
    }
  });

  test('of localhost are those of this machine', async () => {
    await expectServing(await serve({ listen: [{ ...LOOPBACK, host: 'localhost' }] }));
  });

  test('of a name that this machine does not have are passed over, as long as it has one', async () => {
    const absent = { address: '203.0.113.7', family: 4 };
    standsFor([absent, V4, V4]);
    await expectServing(await serve({ listen: NAMED }));
    standsFor([absent]);
    await expect(runGrpcServer({ listen: NAMED })).rejects.toThrow('cannot listen on some.name:0: ');
  });

  test.each(['no-such-host.invalid', '203.0.113.7'])(
    '%s, which is not here, is an error that names it',
    async (host) => {
      // A name server far away may take longer to say so than a test may last.
      if (isIP(host) === 0) vi.mocked(lookup).mockRejectedValueOnce(new Error(`getaddrinfo ENOTFOUND ${host}`));
      const listening = runGrpcServer({ listen: [LOOPBACK, { kind: 'tcp', host, port: 0 }] });
      await expect(listening).rejects.toThrow(`cannot listen on ${host}:0: `);
    },
  );

  test('one that is taken after another was listened on frees the other', async () => {
    const taken = createServer().listen(0, '127.0.0.1');
    await once(taken, 'listening');
    const { port } = taken.address() as AddressInfo;
    const other = await freePort();
    const listen = [
      { ...LOOPBACK, port: other },
      { ...LOOPBACK, port },
    ];
    await expect(runGrpcServer({ listen })).rejects.toThrow('EADDRINUSE');
    const again = await serve({ listen: listen.slice(0, 1) });
    expect(again.port).toBe(other);
    await new Promise((resolve) => taken.close(resolve));
  });

  test('none at all is a server that serves nobody and closes', async () => {
    const server = await GrpcServer.listen([], {
      ...{ methods: new Map(), maxMessageBytes: 1, maxMetadataBytes: 1, maxConcurrentStreams: 1 },
      ...{ onCertificate: () => {}, onDefect: () => {} },
    });
    expect(server.addresses).toEqual([]);
    await server.close(0);
  });
});
