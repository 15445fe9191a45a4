// A gRPC server of methods that do one thing each, and calls to it over node:http2; all on loopback, closed by `stop`.

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import {
  type ClientHttp2Session,
  type ClientSessionOptions,
  connect,
  type IncomingHttpHeaders,
  type OutgoingHttpHeaders,
  type SecureClientSessionOptions,
} from 'node:http2';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TlsFiles } from '../../../src/domain/tls-files.ts';
import type { GrpcCall, GrpcMethod } from '../../../src/grpc/grpc-call.ts';
import { GrpcServer, type GrpcServerOptions } from '../../../src/grpc/grpc-server.ts';
import { GRPC_STATUS } from '../../../src/grpc/grpc-status.ts';
import type { TcpAddress } from '../../../src/grpc/listen-address.ts';
import { CertificateAuthority } from '../../rig/certificate-authority.ts';
import { callHeaders } from './http2-frames.ts';

/** A port of the loopback. */
export const LOOPBACK: TcpAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };
/** Paths of the methods. */
export const PATH = {
  echo: '/test.Calls/Echo',
  hold: '/test.Calls/Hold',
  several: '/test.Calls/Several',
  refuse: '/test.Calls/Refuse',
  throwAtOnce: '/test.Calls/ThrowAtOnce',
  throwLate: '/test.Calls/ThrowLate',
  refuseLate: '/test.Calls/RefuseLate',
} as const;
/** The largest message that is taken. */
export const MAX_MESSAGE_BYTES = 100_000;

const authority = new CertificateAuthority('servers');

/** A server with what it saw. */
export interface RunningGrpcServer {
  readonly server: GrpcServer;
  readonly port: number;
  /** Messages that reached a method. */
  readonly messages: Buffer[];
  /** Calls of {@link PATH.hold} that are not closed. */
  readonly held: Set<GrpcCall>;
  readonly defects: unknown[];
  connect(options?: ClientSessionOptions | SecureClientSessionOptions): ClientHttp2Session;
  stop(): Promise<void>;
}

/** How a call went. */
export interface Reply {
  readonly headers: IncomingHttpHeaders;
  readonly trailers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Of its only headers, or of its trailers. */
  readonly status: string | undefined;
  readonly resetCode: number;
}

/** Starts one. */
export async function runGrpcServer(
  setting: Partial<GrpcServerOptions> & { readonly tls?: boolean; readonly listen?: readonly TcpAddress[] } = {},
): Promise<RunningGrpcServer> {
  const { tls = false, listen, ...options } = setting;
  const folder = tls ? await mkdtemp(join(tmpdir(), 'gatehouse-')) : undefined;
  const address = folder === undefined ? LOOPBACK : { ...LOOPBACK, tls: await certificateIn(folder) };
  const messages: Buffer[] = [];
  const held = new Set<GrpcCall>();
  const defects: unknown[] = [];
  const server = await GrpcServer.listen(listen ?? [address], {
    methods: methodsOf(messages, held),
    maxMessageBytes: MAX_MESSAGE_BYTES,
    maxMetadataBytes: 16_384,
    maxConcurrentStreams: 100,
    onCertificate: () => {},
    onDefect: (error) => defects.push(error),
    ...options,
  });
  const { port } = server.addresses[0] as TcpAddress;
  const sessions: ClientHttp2Session[] = [];
  return {
    ...{ server, port, messages, held, defects },
    connect(more) {
      const scheme = tls ? 'https' : 'http';
      const session = connect(`${scheme}://127.0.0.1:${port}`, { ca: authority.certificate, ...more });
      session.on('error', () => {});
      sessions.push(session);
      return session;
    },
    async stop() {
      for (const session of sessions) session.destroy();
      await server.close(0);
      if (folder !== undefined) await rm(folder, { recursive: true });
    },
  };
}

/** Calls once; with no pieces the headers end the request. */
export function call(
  session: ClientHttp2Session,
  path: string,
  pieces: readonly Buffer[],
  changes: Readonly<Record<string, string | undefined>> = {},
): Promise<Reply> {
  const headers: OutgoingHttpHeaders = callHeaders(path, changes);
  const stream = session.request(headers, { endStream: pieces.length === 0 });
  return new Promise((resolve, reject) => {
    let response: IncomingHttpHeaders = {};
    let trailers: IncomingHttpHeaders = {};
    const body: Buffer[] = [];
    let failed: Error | undefined;
    stream.on('response', (came) => (response = came));
    stream.on('trailers', (came) => (trailers = came));
    stream.on('data', (chunk: Buffer) => body.push(chunk));
    stream.on('error', (error) => (failed = error));
    stream.on('close', () => {
      if (response[':status'] === undefined)
        reject(failed ?? new Error(`closed without a response: ${stream.rstCode}`));
      const status = (trailers['grpc-status'] ?? response['grpc-status']) as string | undefined;
      resolve({
        ...{ headers: response, trailers, status },
        body: Buffer.concat(body),
        resetCode: stream.rstCode ?? 0,
      });
    });
    for (const piece of pieces) stream.write(piece);
    if (pieces.length > 0) stream.end();
  });
}

async function certificateIn(folder: string): Promise<TlsFiles> {
  const { certificate, key } = authority.issue('server');
  const files = { certFile: join(folder, 'server.pem'), keyFile: join(folder, 'server.key'), clientCaFile: null };
  await writeFile(files.certFile, certificate);
  await writeFile(files.keyFile, key);
  return files;
}

function methodsOf(messages: Buffer[], held: Set<GrpcCall>): ReadonlyMap<string, GrpcMethod> {
  const seen =
    (method: GrpcMethod): GrpcMethod =>
    (call) => {
      messages.push(call.message);
      method(call);
    };
  const methods: Record<keyof typeof PATH, GrpcMethod> = {
    echo: (call) => call.answer(call.message),
    hold: (call) => {
      held.add(call);
      call.onClosed(() => held.delete(call));
    },
    several: (call) => {
      for (let i = 0; i < 3; i++) call.send(call.message);
      call.end();
    },
    refuse: (call) => call.refuse({ status: GRPC_STATUS.NOT_FOUND, details: '100% not here' }),
    throwAtOnce: () => {
      throw new Error('bug');
    },
    throwLate: (call) => {
      call.send(call.message);
      throw new Error('bug');
    },
    refuseLate: (call) => {
      call.send(call.message);
      call.refuse({ status: GRPC_STATUS.UNAVAILABLE, details: 'gone' });
    },
  };
  return new Map(Object.entries(methods).map(([name, method]) => [PATH[name as keyof typeof PATH], seen(method)]));
}
