// One pool of connections for each key manager and for the connection settings that it has now, so that nobody waits behind
// another's sockets and none outlives its settings. Made when first used, dropped when unused.

import type { LookupFunction } from 'node:net';
import { createSecureContext, type SecureContext } from 'node:tls';
import { Agent, buildConnector, type Dispatcher, ProxyAgent, Pool as UndiciPool } from 'undici';
import type { Connection } from '../domain/key-manager.ts';
import { OutboundError } from './problem/outbound-problem.ts';

/** What every pool is made with. */
export interface DispatchersOptions {
  /** Guards addresses of servers. */
  readonly lookup: LookupFunction;
  /** Resolves the proxy's name, which is the operator's choice and not guarded. */
  readonly proxyLookup: LookupFunction;
  readonly authorities: readonly string[] | undefined;
  /** Sockets to one host. */
  readonly maxConnections: number;
}

/** How long a server may take to take up a connection; whoever asks gives up earlier. */
const CONNECT_TIMEOUT_MS = 3_000;
/** How long one address of several may take before the next is tried beside it; the least that RFC 8305 §5 allows. */
const NEXT_ADDRESS_MS = 100;
/** A pool nobody has used for so long is closed. */
const IDLE_MS = 60_000;

interface Pool {
  readonly settingsId: string;
  readonly dispatcher: Dispatcher;
  usedAtMs: number;
}

/** The pools of all key managers. */
export class Dispatchers {
  readonly #options: DispatchersOptions;
  readonly #pools = new Map<string, Pool>();
  /** Settings are compared as text once, not once for each request. */
  readonly #ids = new WeakMap<Connection, string>();
  /** For all key managers without TLS settings of their own: reading the installation's authorities takes milliseconds. */
  #standard: SecureContext | undefined;

  constructor(options: DispatchersOptions) {
    this.#options = options;
  }

  /** Connections of a key manager, direct or through a proxy. Throws an {@link OutboundError} for PEM that is none. */
  of(keyManagerId: string, connection: Connection, proxy: string | undefined, nowMs: number): Dispatcher {
    const key = `${proxy ?? ''}\n${keyManagerId}`;
    const settingsId = this.#idOf(connection);
    const known = this.#pools.get(key);
    if (known?.settingsId === settingsId) {
      known.usedAtMs = nowMs;
      return known.dispatcher;
    }
    const dispatcher = this.#make(connection, proxy);
    this.#drop(key);
    this.#pools.set(key, { settingsId, dispatcher, usedAtMs: nowMs });
    return dispatcher;
  }

  /** Closes what was not used for a while; requests under way are finished. */
  sweep(nowMs: number): void {
    for (const [key, { usedAtMs }] of this.#pools) if (nowMs - usedAtMs >= IDLE_MS) this.#drop(key);
  }

  /** Closes the pools of all other key managers. */
  retain(keyManagerIds: ReadonlySet<string>): void {
    for (const key of this.#pools.keys()) if (!keyManagerIds.has(key.slice(key.indexOf('\n') + 1))) this.#drop(key);
  }

  async close(): Promise<void> {
    const pools = [...this.#pools.values()];
    this.#pools.clear();
    await Promise.all(pools.map(({ dispatcher }) => dispatcher.destroy()));
  }

  #make(connection: Connection, proxy: string | undefined): Dispatcher {
    const { authorities, lookup, maxConnections, proxyLookup } = this.#options;
    const secureContext = this.#secureContext(connection);
    // HTTP/1.1: how many requests are under way is how many sockets there are, and one reset does not end several.
    const base = {
      timeout: CONNECT_TIMEOUT_MS,
      autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
      allowH2: false,
    };
    const { serverName } = connection;
    if (proxy === undefined) {
      const dial = buildConnector({ ...base, secureContext, lookup });
      return new Agent({
        connections: maxConnections,
        connect: (options, callback) =>
          dial({ ...options, ...(serverName === null ? {} : { servername: serverName }) }, callback),
      });
    }
    return new ProxyAgent({
      uri: proxy,
      connections: maxConnections,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // A proxy that takes the connection and says nothing to CONNECT would hold its place for undici's five minutes.
      clientFactory: (origin, options) => new UndiciPool(origin, { ...options, headersTimeout: CONNECT_TIMEOUT_MS }),
      requestTls: { ...base, secureContext, ...(serverName === null ? {} : { servername: serverName }) },
      proxyTls: { ...base, lookup: proxyLookup, ...(authorities === undefined ? {} : { ca: [...authorities] }) },
    });
  }

  #secureContext({ ca, clientCert, clientKey }: Connection): SecureContext {
    const isStandard = ca === null && clientCert === null && clientKey === null;
    if (isStandard && this.#standard !== undefined) return this.#standard;
    const { authorities } = this.#options;
    const trusted = ca ?? (authorities === undefined ? undefined : [...authorities]);
    try {
      const made = createSecureContext({
        minVersion: 'TLSv1.2',
        ...(trusted === undefined ? {} : { ca: trusted }),
        ...(clientCert === null ? {} : { cert: clientCert }),
        ...(clientKey === null ? {} : { key: clientKey }),
      });
      if (isStandard) this.#standard = made;
      return made;
    } catch {
      throw new OutboundError('tls_settings_invalid');
    }
  }

  #idOf(connection: Connection): string {
    const known = this.#ids.get(connection);
    if (known !== undefined) return known;
    const { ca, serverName, clientCert, clientKey } = connection;
    const id = JSON.stringify([ca, serverName, clientCert, clientKey]);
    this.#ids.set(connection, id);
    return id;
  }

  #drop(key: string): void {
    const pool = this.#pools.get(key);
    this.#pools.delete(key);
    pool?.dispatcher.close().catch(() => undefined);
  }
}
