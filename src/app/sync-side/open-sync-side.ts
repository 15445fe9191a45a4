// Wires where the catalog comes from and who follows it: the source, the hub's side for followers, and what is told of both.

import type { FleetStore, Hub } from '../../admin/fleet/fleet-store.ts';
import type { RevocationStore } from '../../admin/operation/revocation-store.ts';
import type { Readiness } from '../../admin/operation/status-routes.ts';
import type { World } from '../../authorize/authorize.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { KeyManagerTypes } from '../../keymanagers/types.ts';
import type { OutboundDoor } from '../../outbound/outbound-door.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import type { Settings } from '../../settings/settings.ts';
import { type FollowerStatus, lagOf } from '../../sync/follower/follower-status.ts';
import { ChangeFeed } from '../../sync/hub/change-feed.ts';
import { FleetPositions } from '../../sync/hub/fleet-positions.ts';
import { type Source, standAlone } from '../../sync/source/source.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import type { SyncGauges } from '../../telemetry/metrics-message.ts';
import type { Fitness } from '../deciding-side/fitness.ts';
import { openCatalogTexts } from './catalog-texts.ts';
import { followHub, type HubFollower } from './follow-hub.ts';
import { followWso2 } from './follow-wso2.ts';

/** Of batches that are kept for the next follower. */
const MAX_KEPT_BYTES = 16 * 1_048_576;
/** A tenth of what one text of JavaScript can hold. */
const MAX_BATCH_CHARACTERS = 50_000_000;
const HEARTBEAT_MS = 5_000;

/** What it is wired with. */
export interface SyncSideParts {
  readonly catalog: OpenCatalog;
  readonly types: KeyManagerTypes;
  readonly door: Pick<OutboundDoor, 'openStream' | 'send'>;
  readonly sealingKeys: readonly SealingKey[];
  readonly metrics: () => Pick<Metrics, 'count'>;
  readonly log: Logger;
}

/** The parts, and how they are taken down. */
export interface SyncSide {
  /** Why nothing may be decided from the copy as it is. */
  readonly unfit: NonNullable<World['unfit']>;
  /** The same for other processes that decide. */
  readonly fitness: () => Fitness;
  /** Calls when there is something to decide from: at once but for a copy that was never complete. */
  readonly whenComplete: (listener: () => void) => void;
  readonly readiness: () => Readiness;
  readonly gauges: () => SyncGauges;
  /** The fleet for the admin side; forwarded revocations are written as an admin's. */
  readonly fleetStore: (revocations: Pick<RevocationStore, 'write'>) => FleetStore;
  /** For after a revocation was written here. */
  readonly revoked: () => void;
  readonly start: () => void;
  readonly close: () => Promise<void>;
}

/** Opens it; nothing is asked of anybody before its start. */
export function openSyncSide(settings: Settings, parts: SyncSideParts): SyncSide {
  const { catalog, log } = parts;
  const { sync } = settings;
  const completed = Promise.withResolvers<void>();
  const follower: HubFollower | undefined =
    sync.source === 'hub' ? followHub(settings, { ...parts, onComplete: completed.resolve }) : undefined;
  const ownSource = () =>
    sync.source === 'wso2' ? followWso2(settings, { ...parts, onComplete: completed.resolve }) : standAlone(Date.now);
  const source: Source = follower?.follower ?? ownSource();
  const texts = openCatalogTexts(
    { file: catalog.writer.file, maxBatchCharacters: MAX_BATCH_CHARACTERS },
    catalog.feed,
    (message) => log.error({ problem: message }, 'the catalog cannot be read for followers'),
  );
  const feed = new ChangeFeed({ texts, maxKeptBytes: MAX_KEPT_BYTES, heartbeatMs: HEARTBEAT_MS });
  const positions = new FleetPositions(Date.now);
  const unheard = catalog.onWrite(() => feed.wake());

  const ageSeconds = () => {
    const { freshAtMs } = source.status();
    return freshAtMs === null ? Number.POSITIVE_INFINITY : Math.max(0, (Date.now() - freshAtMs) / 1000);
  };
  const isStale = () => sync.maxStalenessSeconds > 0 && ageSeconds() > sync.maxStalenessSeconds;
  /** A copy that was complete once is so for good, and is asked for on every request. */
  let isComplete = source.status().complete;
  const denies = sync.whenStale === 'deny';
  const status = (): FollowerStatus | ReturnType<Source['status']> => source.status();

  const hub = (revocations: Pick<RevocationStore, 'write'>): Hub => ({
    snapshot: (signal) => feed.snapshot(signal),
    follow: (from, options) => feed.follow(from, options),
    connect: (name, position, keptMs) => positions.connect(name, position, keptMs),
    acknowledge: (name, position) => positions.acknowledge(name, position),
    takeRevocations: (entries, audit) => revocations.write(entries, audit),
    waitForFleet: (timeoutMs) => positions.waitFor(texts.position(), timeoutMs),
  });

  return {
    unfit: () => {
      if (!isComplete) {
        isComplete = source.status().complete;
        if (!isComplete) return 'copy_incomplete';
      }
      return denies && isStale() ? 'copy_stale' : undefined;
    },
    fitness: () => {
      const { complete, freshAtMs } = source.status();
      // The own catalog is fresh at any time, and so without an end.
      const isBounded = denies && sync.maxStalenessSeconds > 0 && sync.source !== 'alone';
      const freshUntilMs = (freshAtMs ?? Number.NEGATIVE_INFINITY) + sync.maxStalenessSeconds * 1000;
      return { complete, freshUntilMs: isBounded ? freshUntilMs : Number.POSITIVE_INFINITY };
    },
    whenComplete: (listener) => {
      if (source.status().complete) listener();
      else void completed.promise.then(listener);
    },
    readiness: () => {
      const { complete, loadedRows, problem, state } = source.status();
      const why = problem === null ? '' : `; ${problem}`;
      if (!complete) return { ready: false, detail: `first sync: ${loadedRows} rows so far${why}` };
      const age = ageSeconds();
      const said = Number.isFinite(age)
        ? `was in sync ${Math.round(age)} s ago`
        : 'was not in sync since it was opened';
      if (isStale()) return { ready: false, detail: `stale: the copy ${said}` };
      return { ready: true, detail: state === 'following' ? 'serving' : `serving a copy that ${said}` };
    },
    gauges: () => {
      const now = status();
      const age = ageSeconds();
      return {
        ageSeconds: Number.isFinite(age) ? age : undefined,
        sequence: (catalog.sink.position() ?? catalog.feed.position()).sequence,
        lag: 'position' in now ? lagOf(now) : undefined,
        loadedRows: now.loadedRows,
        followers: positions.list().filter(({ connected }) => connected).length,
      };
    },
    fleetStore: (revocations) => ({
      hub: follower === undefined ? hub(revocations) : undefined,
      sourceUrl: { alone: undefined, hub: sync.hub.url, wso2: sync.wso2.url }[sync.source] ?? undefined,
      status: () => {
        const now = status();
        const age = ageSeconds();
        const { freshAtMs, ...told } = now;
        return {
          ...told,
          freshAt: freshAtMs === null ? null : new Date(freshAtMs).toISOString(),
          ageSeconds: Number.isFinite(age) ? age : null,
          stale: isStale(),
          ...('position' in now ? { lag: lagOf(now) } : { position: texts.position() }),
          followers: positions.list(),
        };
      },
      async digest() {
        const { digest, position } = await texts.digest();
        const { epoch, sequence } = (follower && catalog.sink.position()) ?? position;
        return { epoch, sequence, digest };
      },
      confirm: () => source.confirm(),
      entities: (kind, signal) => texts.entities(kind, signal),
    }),
    revoked: () => follower?.revoked(),
    start: () => (follower ?? source).start(),
    async close() {
      unheard();
      await (follower ?? source).stop();
      await texts.close();
    },
  };
}
