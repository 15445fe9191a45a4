// Connects what decides: tokens proved and remembered, the JWT for upstreams, and Envoy's side in front of them. The same wherever
// decisions are made; where the catalog, the keys and the word on the copy come from is the caller's.

import type { World } from '../../authorize/authorize.ts';
import type { SharedTokenDecisions } from '../../authorize/ports.ts';
import { TokenDecisions } from '../../cache/token-decisions.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { ExtAuthzServer } from '../../extauthz/server.ts';
import type { Settings } from '../../settings/settings.ts';
import type { LogSink } from '../../telemetry/log-sink.ts';
import type { Logger, LogOrigin } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { Introspector } from '../../tokens/introspection/introspector.ts';
import { TokenProver } from '../../tokens/token-prover.ts';
import type { CountDefect } from './count-defects.ts';
import type { BackendJwtSide } from './open-backend-jwt.ts';
import type { OutboundSide } from './open-outbound-side.ts';
import { startExtAuthz } from './start-ext-authz.ts';

/** What it is wired with. */
export interface DecidingParts {
  readonly catalog: Pick<OpenCatalog, 'reader'>;
  readonly outbound: Pick<OutboundSide, 'admission' | 'door' | 'keySets'>;
  /** Undefined where no Redis is configured. */
  readonly shared: SharedTokenDecisions | undefined;
  /** Undefined where upstreams get no JWT. */
  readonly backendJwt: Pick<BackendJwtSide, 'assertions'> | undefined;
  readonly unfit: NonNullable<World['unfit']>;
  readonly metrics: Pick<Metrics, 'count' | 'decision'>;
  readonly log: Logger;
  /** Takes decision records. */
  readonly sink: Pick<LogSink, 'write'>;
  readonly origin?: LogOrigin;
  readonly countDefect: CountDefect;
}

/** The parts. */
export interface DecidingSide {
  /** For the admin side, whose callers may have tokens too. */
  readonly tokens: TokenProver;
  /** Listens for Envoy at these addresses; it does not serve before it is told to. */
  readonly listen: (addresses: readonly string[]) => Promise<ExtAuthzServer>;
}

/** Opens it; it listens to nobody yet. */
export function openDecidingSide(settings: Settings, parts: DecidingParts): DecidingSide {
  const { backendJwt, catalog, metrics, outbound, shared, unfit } = parts;
  const { admission, door, keySets } = outbound;
  const tokens = new TokenProver({
    keySets,
    admission,
    introspector: new Introspector({
      send: door.send,
      admission,
      clock: Date.now,
      maxReplyBytes: settings.introspection.maxReplyBytes,
      onResult: ({ name }, result) => metrics.count('gatehouse_introspections_total', { key_manager: name, result }),
    }),
    shared,
    sharing: settings.cache.redis.tokens,
    cache: new TokenDecisions({
      maxBytes: settings.tokens.cacheBytes,
      maxRefusalBytes: settings.tokens.refusalCacheBytes,
      clock: Date.now,
    }),
    clock: Date.now,
    stopwatch: () => performance.now(),
    introspectionRefusalTtlMs: settings.introspection.refusalTtlSeconds * 1000,
    proofTtlMs: settings.tokens.cacheTtlSeconds * 1000,
    refusalTtlMs: settings.tokens.refusalTtlSeconds * 1000,
  });
  const world: World = {
    catalog: catalog.reader,
    tokens,
    organization: settings.organization,
    assertions: backendJwt?.assertions,
    ...settings.authorize,
    unfit,
  };
  return { tokens, listen: (addresses) => startExtAuthz(settings, addresses, world, parts) };
}
