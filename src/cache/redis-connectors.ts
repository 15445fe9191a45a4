// Opens the sockets of Redis clients so that each has a listener for errors as long as it lives. The package's own connectors listen
// once, but a TLS socket may tell of two: its own refusal of a certificate and the alert that the server sent behind it. The second
// would end the process.

import { createConnection, type Socket } from 'node:net';
import { type ConnectionOptions, connect } from 'node:tls';
import { AbstractConnector, type Redis, type RedisOptions, type SentinelAddress, SentinelConnector } from 'ioredis';

type ErrorEmitter = Parameters<SentinelConnector['connect']>[0];

/** What a client's options say of its socket, defaults filled in. */
interface SocketOptions {
  readonly path?: string;
  readonly host: string;
  readonly port: number;
  readonly family: number;
  readonly tls?: ConnectionOptions;
  readonly disconnectTimeout: number;
}

/** To one server, or one node of a cluster; ioredis's `Connector`. Rejects where the TLS settings cannot be used. */
export class RedisConnector extends AbstractConnector {
  readonly #options: SocketOptions;

  /** Given the options of its client. */
  constructor(options: unknown) {
    const own = options as SocketOptions;
    super(own.disconnectTimeout);
    this.#options = own;
  }

  async connect(): Promise<Socket> {
    const { path, host, port, family, tls } = this.#options;
    const target = path === undefined ? { host, port, family } : { path };
    this.connecting = true;
    this.stream = tls === undefined ? createConnection(target) : connect({ ...target, ...tls });
    // Where the socket fails before the client listens, the client asks for it here.
    this.stream.once('error', (error) => {
      this.firstError = error;
    });
    return heedErrors(this.stream);
  }
}

/** {@link SentinelConnector} with the part that its types hide: it makes a client of its own for each Sentinel. */
declare class OpenSentinelConnector extends AbstractConnector {
  constructor(options: unknown);
  connect(emit: ErrorEmitter): Promise<Socket>;
  connectToSentinel(endpoint: Partial<SentinelAddress>, options?: Partial<RedisOptions>): Redis;
}

/** To the primary that Sentinels name; ioredis's `Connector`. */
export class RedisSentinelConnector extends (SentinelConnector as unknown as typeof OpenSentinelConnector) {
  override async connect(emit: ErrorEmitter): Promise<Socket> {
    return heedErrors(await super.connect(emit));
  }

  override connectToSentinel(endpoint: Partial<SentinelAddress>, options?: Partial<RedisOptions>): Redis {
    return super.connectToSentinel(endpoint, { ...options, Connector: RedisConnector });
  }
}

/** Node leaves a TLS socket open after an alert; nothing good follows one. */
function heedErrors(socket: Socket): Socket {
  return socket.on('error', () => socket.destroy());
}
