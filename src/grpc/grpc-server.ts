// Serves gRPC methods on TCP, TLS and Unix sockets over node:http2. It knows nothing of what the methods do; closing lets calls that
// have begun finish and takes no new ones.

import { lookup } from 'node:dns/promises';
import { chmod } from 'node:fs/promises';
import { createSecureServer, createServer, type Http2SecureServer, type Http2Server } from 'node:http2';
import { type AddressInfo, isIP, type ListenOptions, type Socket } from 'node:net';
import type { GrpcMethod } from './grpc-call.ts';
import { grpcTarget, type ListenAddress, type TcpAddress } from './listen-address.ts';
import { keepStreamsApart } from './open-streams.ts';
import { acceptCall } from './stream-call.ts';
import { type CertificateEvent, TlsCredentials } from './tls-credentials.ts';
import { clearStaleSocket, SOCKET_MODE } from './unix-socket.ts';

/** Of one connection: a thousand usual requests take a tenth of it. Node refuses streams beyond it. */
const MAX_SESSION_MEMORY_MIB = 64;
/** Of all calls together, the largest that settings allow eight times: Node does not count messages that are half sent. */
const MAX_HELD_BYTES = 134_217_728;
/**
 * Envoy resets a check whose client has gone or whose time is over: thousands at once after a stall, and as many as clients like. Node
 * would end the connection after 1000 and 33 a second, and with it everybody's checks.
 */
const RESETS_AT_ONCE = 10_000;
const RESETS_PER_SECOND = 1_000;
/** A message comes with its headers, or a round trip later; so does each step of a TLS handshake. */
const READ_LIMIT_MS = 10_000;
/** After such silence TCP asks whether the caller is still there: one whose machine is gone would be waited for for ever. */
const KEEP_ALIVE_MS = 60_000;
/** How often certificate files are looked at: kubelet and cert-manager replace them hours before they end. */
const CERTIFICATE_POLL_MS = 5_000;
/** A name may stand for addresses that this machine does not have, `::1` above all where IPv6 is off. */
const OF_NO_INTERFACE: ReadonlySet<string | undefined> = new Set(['EADDRNOTAVAIL', 'EAFNOSUPPORT']);

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
  /** Hears what a method threw; its call was refused. */
  readonly onDefect: (error: unknown) => void;
  readonly certificatePollMs?: number;
  readonly readLimitMs?: number;
  /** Of the messages of all calls that are not over; beyond it, calls are refused with RESOURCE_EXHAUSTED. */
  readonly maxHeldBytes?: number;
}

/** A listening server. */
export class GrpcServer {
  readonly #options: GrpcServerOptions;
  readonly #servers: (Http2Server | Http2SecureServer)[] = [];
  readonly #sockets = new Set<Socket>();
  /** What the messages of all its calls come to. */
  readonly #held = { bytes: 0 };
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

  /** GOAWAY to all; calls that have begun may take so many milliseconds, then connections are cut off. */
  async close(graceMs: number): Promise<void> {
    const cutOff = setTimeout(() => {
      for (const socket of this.#sockets) socket.destroy();
    }, graceMs);
    await Promise.all(this.#servers.map((server) => new Promise((resolve) => server.close(resolve))));
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

  /** On every address of this machine that a name stands for, all at the port of the first. */
  async #listenTcp(address: TcpAddress): Promise<TcpAddress> {
    const target = grpcTarget(address);
    const credentials = address.tls && (await this.#load(address.tls));
    const hosts = await hostsOf(address).catch((cause: Error) => Promise.reject(cannotListen(target, cause)));
    const absent: Error[] = [];
    let { port } = address;
    for (const host of hosts) {
      const server = credentials
        ? credentials.lead(createSecureServer({ ...this.#http2Options(), ...credentials.options }))
        : createServer(this.#http2Options());
      try {
        port = await this.#bind(this.#serve(server), { host, port }, target);
      } catch (error) {
        if (!(error instanceof Error) || !OF_NO_INTERFACE.has((error.cause as NodeJS.ErrnoException).code)) throw error;
        absent.push(error);
      }
    }
    if (absent.length === hosts.length) throw absent[0];
    return { ...address, port };
  }

  async #load(tls: NonNullable<TcpAddress['tls']>): Promise<TlsCredentials> {
    const { certificatePollMs = CERTIFICATE_POLL_MS, onCertificate } = this.#options;
    const credentials = await TlsCredentials.load(tls, certificatePollMs, onCertificate);
    this.#credentials.push(credentials);
    return credentials;
  }

  #http2Options() {
    const { maxConcurrentStreams, maxMetadataBytes, readLimitMs = READ_LIMIT_MS } = this.#options;
    return {
      keepAlive: true,
      keepAliveInitialDelay: KEEP_ALIVE_MS,
      handshakeTimeout: readLimitMs,
      maxSessionMemory: MAX_SESSION_MEMORY_MIB,
      streamResetBurst: RESETS_AT_ONCE,
      streamResetRate: RESETS_PER_SECOND,
      settings: { maxConcurrentStreams, maxHeaderListSize: maxMetadataBytes },
    };
  }

  #serve<T extends Http2Server | Http2SecureServer>(server: T): T {
    const {
      maxHeldBytes = MAX_HELD_BYTES,
      maxMessageBytes,
      methods,
      onDefect,
      readLimitMs = READ_LIMIT_MS,
    } = this.#options;
    const terms = { maxMessageBytes, held: this.#held, maxHeldBytes, readLimitMs, onDefect };
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.on('session', (session) => {
      keepStreamsApart(session);
      // Its handshake has outlasted the server.
      if (!server.listening) session.close();
    });
    server.on('stream', (stream, headers) => acceptCall(stream, headers, methods.get(headers[':path'] ?? ''), terms));
    return server;
  }

  #bind(server: Http2Server | Http2SecureServer, to: ListenOptions, target: string): Promise<number> {
    return new Promise((resolve, reject) => {
      // Heard for ever: what goes wrong with a connection that comes must not end the others.
      server.on('error', (cause) => reject(cannotListen(target, cause)));
      server.listen(to, () => {
        this.#servers.push(server);
        resolve((server.address() as AddressInfo | null)?.port ?? 0);
      });
    });
  }
}

async function hostsOf({ host }: TcpAddress): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  return [...new Set((await lookup(host, { all: true })).map(({ address }) => address))];
}

function cannotListen(target: string, cause: Error): Error {
  return new Error(`cannot listen on ${target}: ${cause.message}; free the address or set extauthz.listen`, { cause });
}
