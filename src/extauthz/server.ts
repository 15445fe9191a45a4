// The gRPC server: Envoy's Check and gRPC health on TCP, TLS and Unix sockets. It knows nothing of decisions; drain lets what
// has begun finish, and turns Envoy away before it closes.

import { chmod } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthService } from './health-service.ts';
import { grpcTarget, type ListenAddress } from './listen-address.ts';
import { loadServices } from './proto-services.ts';
import { type CertificateEvent, TlsCredentials } from './tls-credentials.ts';
import { clearStaleSocket, SOCKET_MODE } from './unix-socket.ts';

/** Of one connection: a thousand usual requests take a tenth of it. Node refuses streams beyond it. */
const MAX_SESSION_MEMORY_MIB = 64;
/** How often certificate files are looked at: kubelet and cert-manager replace them hours before they end. */
const CERTIFICATE_POLL_MS = 5_000;
/** Beyond the grace time a connection may still be closing; then it is left to the end of the process. */
const CLOSE_SLACK_MS = 250;

/** What the server needs. */
export interface ServerOptions {
  readonly listen: readonly ListenAddress[];
  readonly check: handleUnaryCall<Buffer, Buffer>;
  /** Largest CheckRequest; one is 1 to 5 KB, and about 100 KB with Envoy's largest headers and a certificate. */
  readonly maxMessageBytes: number;
  /** Largest gRPC metadata of a call, names and values; Envoy sends a few hundred bytes. */
  readonly maxMetadataBytes: number;
  /** Checks at one time on one connection; Envoy opens another connection beyond it. */
  readonly maxConcurrentStreams: number;
  readonly onCertificate: (event: CertificateEvent) => void;
  readonly certificatePollMs?: number;
}

/** How to leave. */
export interface DrainOptions {
  /** Milliseconds of NOT_SERVING with every Check still answered: longer than Envoy's health check interval. */
  readonly notServingMs: number;
  /** Milliseconds that calls in flight may take after GOAWAY. */
  readonly graceMs: number;
}

/** A listening server. */
export class ExtAuthzServer {
  readonly #server: Server;
  readonly #health: HealthService;
  readonly #credentials: readonly TlsCredentials[];
  /** The addresses with the ports that were bound. */
  readonly addresses: readonly ListenAddress[];
  #drained: Promise<void> | undefined;

  constructor(
    server: Server,
    health: HealthService,
    credentials: readonly TlsCredentials[],
    addresses: readonly ListenAddress[],
  ) {
    this.#server = server;
    this.#health = health;
    this.#credentials = credentials;
    this.addresses = addresses;
  }

  /** What gRPC health says; not serving at first. */
  setServing(serving: boolean): void {
    if (this.#drained === undefined) this.#health.setServing(serving);
  }

  /** NOT_SERVING, a while of ordinary service, GOAWAY, calls in flight finish, closed. A second call joins the first. */
  drain(options: DrainOptions): Promise<void> {
    this.#health.setServing(false);
    this.#drained ??= this.#drain(options);
    return this.#drained;
  }

  async #drain({ notServingMs, graceMs }: DrainOptions): Promise<void> {
    await delay(notServingMs);
    this.#health.endWatches();
    for (const address of this.addresses) this.#server.drain(grpcTarget(address), graceMs);
    await Promise.race([closed(this.#server), delay(graceMs + CLOSE_SLACK_MS, undefined, { ref: false })]);
    for (const credentials of this.#credentials) credentials.close();
  }
}

/** Listens on all addresses, or on none: rejects with the address and what is wrong with it. */
export async function startServer(options: ServerOptions): Promise<ExtAuthzServer> {
  const { authorization, health: healthDefinition } = loadServices();
  const health = new HealthService();
  const server = new Server({
    'grpc.max_receive_message_length': options.maxMessageBytes,
    'grpc.max_concurrent_streams': options.maxConcurrentStreams,
    'grpc-node.max_session_memory': MAX_SESSION_MEMORY_MIB,
    // Its books on every call and connection are read by nobody here.
    'grpc.enable_channelz': 0,
  });
  limitMetadata(server, options.maxMetadataBytes);
  const bytes = (message: Buffer) => message;
  const check = { ...authorization['Check'], requestDeserialize: bytes, responseSerialize: bytes };
  server.addService({ ...authorization, Check: check } as typeof authorization, { Check: options.check });
  server.addService(healthDefinition, { Check: health.check, Watch: health.watch });
  const credentials: TlsCredentials[] = [];
  const addresses: ListenAddress[] = [];
  try {
    for (const address of options.listen) addresses.push(await listen(server, address, options, credentials));
  } catch (error) {
    for (const opened of credentials) opened.close();
    await closed(server);
    throw error;
  }
  return new ExtAuthzServer(server, health, credentials, addresses);
}

/**
 * SETTINGS_MAX_HEADER_LIST_SIZE (RFC 9113 §6.5.2), which Node enforces once it is set. grpc-js has no option for it, so it goes
 * to where grpc-js keeps its HTTP/2 settings; a test tells when that place moves.
 */
function limitMetadata(server: Server, maxHeaderListSize: number): void {
  const { commonServerOptions: http2Options } = server as unknown as { commonServerOptions?: { settings?: object } };
  if (http2Options !== undefined) http2Options.settings = { ...http2Options.settings, maxHeaderListSize };
}

async function listen(
  server: Server,
  address: ListenAddress,
  options: ServerOptions,
  opened: TlsCredentials[],
): Promise<ListenAddress> {
  if (address.kind === 'unix') {
    await clearStaleSocket(address.path);
    await bind(server, address, ServerCredentials.createInsecure());
    await chmod(address.path, SOCKET_MODE);
    return address;
  }
  if (address.tls === undefined)
    return { ...address, port: await bind(server, address, ServerCredentials.createInsecure()) };
  const pollMs = options.certificatePollMs ?? CERTIFICATE_POLL_MS;
  const credentials = await TlsCredentials.load(address.tls, pollMs, options.onCertificate);
  opened.push(credentials);
  return { ...address, port: await bind(server, address, credentials) };
}

function bind(server: Server, address: ListenAddress, credentials: ServerCredentials): Promise<number> {
  const target = grpcTarget(address);
  return new Promise((resolve, reject) => {
    server.bindAsync(target, credentials, (error, port) => {
      if (error === null) resolve(port);
      else
        reject(
          new Error(`cannot listen on ${target}: ${error.message}; free the address or set extauthz.listen`, {
            cause: error,
          }),
        );
    });
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.tryShutdown(() => resolve()));
}
