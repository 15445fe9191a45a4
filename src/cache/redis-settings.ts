// How a Redis is reached, as plain facts: the settings `cache.redis`. Nothing is opened or read here.

/** Which Redis, and how. Without url, sentinels and clusterNodes there is none. */
export interface RedisSettings {
  /** `redis://host:port/db`, `rediss://…` or `unix:/path`; never with credentials. */
  readonly url: string | null;
  /** `host:port` of each Sentinel. */
  readonly sentinels: readonly string[];
  readonly sentinelName: string;
  /** `host:port` of some nodes of a Redis Cluster. */
  readonly clusterNodes: readonly string[];
  /** ACL user; null: the default user. */
  readonly username: string | null;
  /** Read anew for each connection, so that a password may be changed while it runs. */
  readonly passwordFile: string | null;
  readonly sentinelPasswordFile: string | null;
  /** PEM files, read anew for each connection. */
  readonly tls: {
    readonly caFile: string | null;
    readonly certFile: string | null;
    readonly keyFile: string | null;
    readonly serverName: string | null;
  } | null;
  readonly keyPrefix: string;
  readonly commandTimeoutMs: number;
}

/** Whether the settings name a Redis at all. */
export function namesRedis({ url, sentinels, clusterNodes }: RedisSettings): boolean {
  return url !== null || sentinels.length > 0 || clusterNodes.length > 0;
}
