// Makes one client for one connection: standalone, Sentinel or Cluster. It never reconnects, queues or repeats by itself; who uses
// it makes a new one, so that passwords, certificates and addresses are read anew each time.

import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import type { ConnectionOptions } from 'node:tls';
import { Cluster, Redis, type RedisOptions } from 'ioredis';
import type { HostLookup } from './host-lookup.ts';
import { RedisConnector, RedisSentinelConnector } from './redis-connectors.ts';
import type { RedisSettings } from './redis-settings.ts';

/** A client of either kind. */
export type RedisClient = Redis | Cluster;

/** Generic in the package; left at its default here. */
type Options = Omit<RedisOptions, 'replyMapping'>;

const DEFAULT_PORT = 6379;
/** How long a socket may take to say goodbye. */
const DISCONNECT_MS = 200;
/** A cluster that moved a slot says so once; more would be a loop. */
const MAX_REDIRECTIONS = 2;

/** Starts to connect; `connectMs` limits each socket. Rejects where a file cannot be read or a name is not known. */
export async function openRedisClient(
  settings: RedisSettings,
  hosts: HostLookup,
  connectMs: number,
): Promise<RedisClient> {
  const tls = await tlsOptions(settings);
  const common: Options = {
    Connector: RedisConnector,
    ...(settings.username === null ? {} : { username: settings.username }),
    ...(await secretOf(settings.passwordFile, 'password')),
    connectTimeout: connectMs,
    disconnectTimeout: DISCONNECT_MS,
    maxRetriesPerRequest: 0,
    autoResendUnfulfilledCommands: false,
    // A probe tells whether it is ready; INFO would need a right of its own.
    enableReadyCheck: false,
    disableClientInfo: true,
    protocol: 2,
  };
  if (settings.clusterNodes.length > 0) return openCluster(settings, hosts, common, tls, connectMs);
  const single: Options = { ...common, enableOfflineQueue: false, retryStrategy: null };
  if (settings.sentinels.length > 0) return openSentinel(settings, hosts, single, tls, connectMs);
  const { url } = settings;
  if (url === null) throw new Error('no Redis is named');
  if (url.startsWith('unix:')) return new Redis({ ...single, path: url.slice('unix:'.length) });
  const { protocol, hostname, port, pathname } = new URL(url);
  const host = withoutBrackets(hostname);
  return new Redis({
    ...single,
    host: await hosts.find(host),
    port: port === '' ? DEFAULT_PORT : Number(port),
    db: Number(pathname.slice(1)) || 0,
    ...((tls ?? protocol === 'rediss:') ? { tls: { ...serverName(host), ...tls } } : {}),
  });
}

function openCluster(
  { clusterNodes }: RedisSettings,
  hosts: HostLookup,
  common: Options,
  tls: ConnectionOptions | undefined,
  connectMs: number,
): Cluster {
  return new Cluster(clusterNodes.map(hostAndPort), {
    clusterRetryStrategy: null,
    enableOfflineQueue: false,
    enableReadyCheck: false,
    maxRedirections: MAX_REDIRECTIONS,
    slotsRefreshTimeout: connectMs,
    // With TLS the name stays a name, since the certificate is issued for it.
    dnsLookup: (host, callback) => {
      if (tls !== undefined) callback(null, host);
      else
        hosts.find(host).then(
          (address) => callback(null, address),
          (error: unknown) => callback(error as NodeJS.ErrnoException, ''),
        );
    },
    redisOptions: { ...common, ...(tls === undefined ? {} : { tls }) },
  });
}

async function openSentinel(
  { sentinels, sentinelName, sentinelPasswordFile }: RedisSettings,
  hosts: HostLookup,
  single: Options,
  tls: ConnectionOptions | undefined,
  connectMs: number,
): Promise<Redis> {
  const found = await Promise.allSettled(
    sentinels.map(hostAndPort).map(async ({ host, port }) => ({ host: await hosts.find(host), port })),
  );
  return new Redis({
    ...single,
    Connector: RedisSentinelConnector,
    name: sentinelName,
    sentinels: found.flatMap((one) => (one.status === 'fulfilled' ? [one.value] : [])),
    ...(await secretOf(sentinelPasswordFile, 'sentinelPassword')),
    sentinelRetryStrategy: () => null,
    sentinelCommandTimeout: connectMs,
    failoverDetector: true,
    ...(tls === undefined ? {} : { tls, sentinelTLS: tls, enableTLSForSentinelMode: true }),
  });
}

async function tlsOptions({ tls }: RedisSettings): Promise<ConnectionOptions | undefined> {
  if (tls === null) return undefined;
  const read = async (file: string | null) => (file === null ? undefined : await readFile(file));
  const [ca, cert, key] = await Promise.all([read(tls.caFile), read(tls.certFile), read(tls.keyFile)]);
  return {
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
    ...(tls.serverName === null ? {} : { servername: tls.serverName }),
  };
}

async function secretOf(file: string | null, name: 'password' | 'sentinelPassword'): Promise<Options> {
  return file === null ? {} : { [name]: (await readFile(file, 'utf8')).trim() };
}

/** The name that the certificate must have, although an address is dialled. */
function serverName(host: string): ConnectionOptions {
  return isIP(host) === 0 ? { servername: host } : {};
}

function hostAndPort(text: string): { host: string; port: number } {
  const colon = text.lastIndexOf(':');
  return { host: withoutBrackets(text.slice(0, colon)), port: Number(text.slice(colon + 1)) };
}

function withoutBrackets(host: string): string {
  return host.replace(/^\[(.*)\]$/, '$1');
}
