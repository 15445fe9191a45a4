// Serves gRPC methods on TCP, TLS and Unix sockets over node:http2. It knows nothing of what the methods do; closing lets calls that
// have begun finish and takes no new ones.

import { lookup } from 'node:dns/promises';
import { chmod } from 'node:fs/promises';
import {
  constants,
  createSecureServer,
  createServer,
  type Http2SecureServer,
  type Http2Server,
  type ServerHttp2Session,
} from 'node:http2';
import { type AddressInfo, isIP, type ListenOptions } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { GrpcMethod } from './grpc-call.ts';
import { grpcTarget, type ListenAddress, type TcpAddress } from './listen-address.ts';
import { acceptCall } from './stream-call.ts';
import { type CertificateEvent, TlsCredentials } from './tls-credentials.ts';
import { clearStaleSocket, SOCKET_MODE } from './unix-socket.ts';

/** Of one connection: a thousand usual requests take a tenth of it. Node refuses streams beyond it. */
const MAX_SESSION_MEMORY_MIB = 64;
/** A message comes with its headers, or a round trip later. */
const READ_LIMIT_MS = 10_000;
/** How often certificate files are looked at: kubelet and cert-manager replace them hours before they end. */
const CERTIFICATE_POLL_MS = 5_000;
/** Beyond the grace time a connection may still be closing; then it is left to the end of the process. */
const CLOSE_SLACK_MS = 250;

/** What is served, and within what. */
export interface GrpcServerOptions {
  /** By path: `/package.Service/Method`. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly maxMessageBytes: number;
  /** Of the headers of a call, names and values: SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2). */
  readonly maxMetadataBytes: number;
  /** Calls at one time on one connection: SETTINGS_MAX_CONCURRENT_STREAMS. */
  readonly maxConcurrentStreams: number;
  readonly onCertificate: (event: CertificateEvent) => void;
  readonly certificatePollMs?: number;
}

/** A listening server. */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #servers: (Http2Server | Http2SecureServer)[] = [];
  readonly #sessions = new Set<ServerHttp2Session>();
  readonly #credentials: TlsCredentials[] = [];
  readonly #addresses: ListenAddress[] = [];

  private constructor(options: GrpcServerOptions) {
    this.#options = options;
  }

  /** Listens on all addresses, or on none: rejects with the address and what is wrong with it. */
  static async listen(addresses: readonly ListenAddress[], options: GrpcServerOptions): Promise<GrpcServer> {
    const server = new GrpcServer(options);
    try {
      for (const address of addresses) server.#addresses.push(await server.#listen(address));
      return server;
    } catch (error) {
      await server.close(0);
      throw error;
    }
  }

  /** With the ports that were taken. */
  get addresses(): readonly ListenAddress[] {
    return this.#addresses;
  }

  /** GOAWAY to all; calls that have begun may take so many milliseconds. */
  async close(graceMs: number): Promise<void> {
    const closed = Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
    for (const session of this.#sessions) session.close();
    const cutOff = setTimeout(() => {
      for (const session of this.#sessions) session.destroy(undefined, constants.NGHTTP2_CANCEL);
    }, graceMs);
    await Promise.race([closed, delay(graceMs + CLOSE_SLACK_MS, undefined, { ref: false })]);
    clearTimeout(cutOff);
    for (const credentials of this.#credentials) credentials.close();
  }

  async #listen(address: ListenAddress): Promise<ListenAddress> {
    if (address.kind === 'tcp') return this.#listenTcp(address);
    await clearStaleSocket(address.path);
    await this.#bind(this.#serve(createServer(this.#http2Options())), { path: address.path }, grpcTarget(address));
    await chmod(address.path, SOCKET_MODE);
    return address;
  }

  /** On every address that a name stands for, all at the port of the first. */
  async #listenTcp(address: TcpAddress): Promise<TcpAddress> {
    const credentials = address.tls && (await this.#load(address.tls));
    let { port } = address;
    for (const host of await hostsOf(address)) {
      const server = credentials
        ? credentials.lead(createSecureServer({ ...this.#http2Options(), ...credentials.options }))
        : createServer(this.#http2Options());
      port = await this.#bind(this.#serve(server), { host, port }, grpcTarget(address));
    }
    return { ...address, port };
  }

  async #load(tls: NonNullable<TcpAddress['tls']>): Promise<TlsCredentials> {
    const { certificatePollMs = CERTIFICATE_POLL_MS, onCertificate } = this.#options;
    const credentials = await TlsCredentials.load(tls, certificatePollMs, onCertificate);
    this.#credentials.push(credentials);
    return credentials;
  }

  #http2Options() {
    const { maxConcurrentStreams, maxMetadataBytes } = this.#options;
    return {
      maxSessionMemory: MAX_SESSION_MEMORY_MIB,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxMetadataBytes },
    };
  }

  #serve<T extends Http2Server | Http2SecureServer>(server: T): T {
    const { maxMessageBytes, methods } = this.#options;
    const limits = { maxMessageBytes, readLimitMs: READ_LIMIT_MS };
    server.on('session', (session) => {
      this.#sessions.add(session);
      session.once('close', () => this.#sessions.delete(session));
    });
    server.on('stream', (stream, headers) => acceptCall(stream, headers, methods.get(headers[':path'] ?? ''), limits));
    return server;
  }

  #bind(server: Http2Server | Http2SecureServer, to: ListenOptions, target: string): Promise<number> {
    return new Promise((resolve, reject) => {
      server.once('error', (cause) =>
        reject(
          new Error(`cannot listen on ${target}: ${cause.message}; free the address or set extauthz.listen`, { cause }),
        ),
      );
      server.listen(to, () => {
        this.#servers.push(server);
        resolve((server.address() as AddressInfo | null)?.port ?? 0);
      });
    });
  }
}

async function hostsOf({ host }: TcpAddress): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  return (await lookup(host, { all: true })).map(({ address }) => address);
}
