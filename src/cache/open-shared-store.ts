// Everything that a fleet shares through Redis, over two connections: one for decisions, where every millisecond counts, and one
// that waits for revocations. Without a Redis the same parts run and find nothing.

import { HostLookup } from './host-lookup.ts';
import { openRedisClient } from './open-redis-client.ts';
import { NO_REDIS, type RedisCommands } from './redis-commands.ts';
import { CONNECT_MS, RedisConnection } from './redis-connection.ts';
import { KEY_SET_OVERHEAD, MAX_CLAIM_BYTES, RedisKeySets } from './redis-key-sets.ts';
import type { CommandOutcome, RedisObserver, SharedKind } from './redis-observer.ts';
import { namesRedis, type RedisSettings } from './redis-settings.ts';
import { MAX_DECISION_BYTES, RedisTokenDecisions } from './redis-token-decisions.ts';
import { SealedStream } from './sealed-stream.ts';
import { SEALED_FORMAT, SealedValues } from './sealed-values.ts';
import type { Sealer } from './sealer.ts';

/** A command unanswered for so long means a dead connection: a fresh one is sooner through than what TCP sends again. */
const PATIENCE_MS = 600;
/** Of commands that read many entries at once. */
const FEED_TIMEOUT_MS = 1_000;
/** How long a process waits for revocations before it looks whether the stream is still the one it knows. */
const WAIT_MS = 2_000;
/** Entries kept at most; each may hold many revocations. */
const MAX_STREAM_ENTRIES = 100_000;
/** Who still holds the revocations of an entry seals them anew long before; lifts are remembered far longer. */
const MAX_ENTRY_AGE_MS = 2 * 86_400_000;

/** What the shared store works with. */
export interface SharedStoreOptions {
  readonly settings: RedisSettings;
  /** A sealer for each purpose: what was sealed for one opens for no other. */
  readonly sealFor: (purpose: string) => Sealer;
  readonly observer: RedisObserver;
  /** See {@link RedisKeySets}. */
  readonly fleetNameOf: (keyManagerId: string) => string | undefined;
  /** Largest JWKS document, as fetched. */
  readonly maxKeySetBytes: number;
  /** How long a key set is of any use. */
  readonly maxKeySetAgeMs: number;
  /** Milliseconds since the epoch. */
  readonly clock: () => number;
  /** Milliseconds that only go forward. */
  readonly monotonic: () => number;
  /** 0 up to, and without, 1. */
  readonly random: () => number;
  /** False where nobody waits for revocations: there is no connection for that then. */
  readonly follows?: boolean;
}

/** The shared parts. */
export interface SharedStore {
  readonly tokenDecisions: RedisTokenDecisions;
  readonly keySets: RedisKeySets;
  readonly revocations: SealedStream;
  /** Whether decisions use Redis now. */
  readonly up: () => boolean;
  /** Resolves when it is known for the first time whether Redis can be used; soon, also where it cannot. */
  readonly settled: () => Promise<void>;
  /** Commands that Redis has not answered yet. */
  readonly unanswered: () => number;
  close(): Promise<void>;
}

/** Connects in the background: it is there at once, and finds nothing until Redis is. */
export function openSharedStore(options: SharedStoreOptions): SharedStore {
  const { settings, observer, clock } = options;
  const present = namesRedis(settings);
  const connect = (commandTimeoutMs: number, told: Pick<RedisObserver, 'up' | 'command'>) => {
    const hosts = new HostLookup();
    const open = () => openRedisClient(settings, hosts, CONNECT_MS);
    return new RedisConnection({ ...options, open, commandTimeoutMs, patienceMs: PATIENCE_MS, observer: told });
  };
  const data = present ? connect(settings.commandTimeoutMs, observer) : undefined;
  // What an operator sees is the connection of the decisions; the other one lives and dies with the same Redis.
  const silent = { up: () => undefined, command: (_: CommandOutcome) => undefined };
  const feed = present && (options.follows ?? true) ? connect(FEED_TIMEOUT_MS, silent) : undefined;
  const redis: RedisCommands = data ?? NO_REDIS;
  const values = (kind: SharedKind, maxBytes: number) =>
    new SealedValues({
      redis,
      sealer: options.sealFor(purposeOf(kind)),
      observer,
      clock,
      keyPrefix: settings.keyPrefix,
      kind,
      maxBytes,
    });
  const { factor, bytes } = KEY_SET_OVERHEAD;
  return {
    tokenDecisions: new RedisTokenDecisions(values('token', MAX_DECISION_BYTES)),
    keySets: new RedisKeySets({
      keySets: values('key_set', Math.ceil(options.maxKeySetBytes * factor) + bytes),
      claims: values('fetch_claim', MAX_CLAIM_BYTES),
      fleetNameOf: options.fleetNameOf,
      maxAgeMs: options.maxKeySetAgeMs,
      clock,
    }),
    revocations: new SealedStream({
      writer: redis,
      reader: feed ?? NO_REDIS,
      sealer: options.sealFor(purposeOf('revocation')),
      observer,
      clock,
      keyPrefix: settings.keyPrefix,
      maxEntries: MAX_STREAM_ENTRIES,
      maxAgeMs: MAX_ENTRY_AGE_MS,
      waitMs: WAIT_MS,
    }),
    up: () => data?.up ?? false,
    settled: async () => data?.settled,
    unanswered: () => (data?.unanswered ?? 0) + (feed?.unanswered ?? 0),
    close: async () => {
      await Promise.all([data?.close(), feed?.close()]);
    },
  };
}

/** The format is part of it: another version's values are none of ours. */
function purposeOf(kind: SharedKind): string {
  return `redis ${kind} ${SEALED_FORMAT}`;
}
