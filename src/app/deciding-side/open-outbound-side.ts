// Connects what reaches out to key managers: the outbound door, the limits of each key manager and their key sets, which follow
// the key managers of the catalog whether or not a request comes.

import type { Catalog, SharedKeySets } from '../../authorize/ports.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { readCredentialFile } from '../../outbound/credential-file.ts';
import { Limits } from '../../outbound/limits/limits.ts';
import { type OutboundDoor, openOutboundDoor } from '../../outbound/outbound-door.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { type FetchKeySet, keySetFetch } from '../../tokens/key-sets/fetch-key-set.ts';
import { KeySets } from '../../tokens/key-sets/key-sets.ts';
import type { ObtainKeySet } from '../../tokens/key-sets/obtain-key-set.ts';

/** The parts, and how they are taken down. */
export interface OutboundSide {
  readonly door: OutboundDoor;
  readonly admission: Limits;
  readonly keySets: KeySets;
  readonly fetchKeySet: FetchKeySet;
  /** Begins to keep key sets fresh, and to notice key managers that come and go. */
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

/** How often the catalog's revision is looked at when no request does: one prepared statement. */
const FOLLOW_MS = 1_000;
/** Sets that another process refreshes, and sends, are due here a little later than there. */
const REFRESHED_ELSEWHERE = 1.1;

/** What it is wired with. */
export interface OutboundParts {
  readonly catalog: Pick<OpenCatalog, 'reader' | 'keySets'>;
  /** Undefined where no Redis is configured. */
  readonly shared?: SharedKeySets | undefined;
  /** Where another process fetches key sets for this one. */
  readonly obtain?: ObtainKeySet;
  /** Asked for when something is counted: they may be made later, from parts made here. */
  readonly metrics: () => Pick<Metrics, 'count'>;
  readonly log: Logger;
}

/** Opens the outbound side. */
export function openOutboundSide(settings: Settings, parts: OutboundParts): OutboundSide {
  const { catalog, log, metrics, obtain, shared } = parts;
  const { limits } = settings.keyManagers;
  const keyManagerName = (id: string) => catalog.reader.snapshot()?.keyManagers.byId.get(id)?.name ?? 'other';
  const door = openOutboundDoor({
    ...settings.outbound,
    ...limits,
    environment: process.env,
    onReply: (id, problem) =>
      metrics().count('gatehouse_outbound_requests_total', {
        key_manager: keyManagerName(id),
        result: problem ?? 'reply',
      }),
  });
  if (door.notice !== undefined && obtain === undefined) log.info(door.notice);
  const admission = new Limits({
    concurrentChecks: settings.extauthz.maxConcurrentStreams,
    maxFlights: limits.maxFlights,
    clock: Date.now,
    random: Math.random,
    observer: {
      refused: (id, limit) =>
        metrics().count('gatehouse_admission_refusals_total', { key_manager: keyManagerName(id), limit }),
      circuit: (id, state) => {
        metrics().count('gatehouse_circuit_changes_total', { key_manager: keyManagerName(id), state });
        log.warn({ key_manager: keyManagerName(id), state }, 'the circuit breaker of a key manager changed');
      },
    },
  });
  const fetchKeySet = keySetFetch({
    send: door.send,
    readCredential: (path) => readCredentialFile(path, settings.outbound.credentialDirectories),
    ...settings.keySets,
  });
  const keySets = new KeySets({
    store: catalog.keySets,
    shared,
    fetch: fetchKeySet,
    ...(obtain && { obtain }),
    clock: Date.now,
    random: Math.random,
    refreshMs: settings.keySets.refreshSeconds * 1000 * (obtain === undefined ? 1 : REFRESHED_ELSEWHERE),
    maxStaleMs: settings.keySets.maxStaleSeconds * 1000,
    cooldownMs: settings.keySets.cooldownMs,
    fetchTimeoutMs: settings.keySets.timeoutMs,
    observer: {
      fetched: (id, result) => {
        // Who fetched counts and tells of it.
        if (obtain !== undefined) return;
        metrics().count('gatehouse_key_set_fetches_total', { key_manager: keyManagerName(id), result });
        if (result !== 'ok' && result !== 'shared')
          log.warn({ key_manager: keyManagerName(id), problem: result }, 'a key set could not be fetched');
      },
      throttled: (id) => metrics().count('gatehouse_key_set_throttled_total', { key_manager: keyManagerName(id) }),
      staleUsed: (id) => metrics().count('gatehouse_key_set_stale_uses_total', { key_manager: keyManagerName(id) }),
    },
  });
  const follow = follower(catalog.reader, { door, admission, keySets }, obtain === undefined);
  let timer: NodeJS.Timeout | undefined;
  return {
    door,
    admission,
    keySets,
    fetchKeySet,
    start() {
      follow();
      if (obtain === undefined) keySets.start();
      timer = setInterval(follow, FOLLOW_MS).unref();
    },
    close() {
      clearInterval(timer);
      keySets.stop();
      return door.close();
    },
  };
}

/** Tells the parts which key managers there are, each time that may have changed. */
function follower(
  catalog: Catalog,
  { door, admission, keySets }: Pick<OutboundSide, 'door' | 'admission' | 'keySets'>,
  fetches: boolean,
) {
  let followed: number | undefined;
  return () => {
    const snapshot = catalog.moment()?.snapshot;
    if (snapshot === undefined || snapshot.structureRevision === followed) return;
    followed = snapshot.structureRevision;
    const { byId } = snapshot.keyManagers;
    const ids = new Set(byId.keys());
    if (fetches) keySets.follow(byId.values());
    else keySets.retain(ids);
    admission.retain(ids);
    door.retain(ids);
  };
}
