// The state that metrics report at a scrape.

import type { CatalogSnapshot } from '../authorize/ports.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { countPairsWithoutAudience } from '../domain/audience-gaps.ts';
import type { Gauges, WorkerGauges } from '../telemetry/metrics-message.ts';
import type { OutboundSide } from './deciding-side/open-outbound-side.ts';
import type { FleetSide } from './fleet-side/open-fleet-side.ts';
import type { SyncSide } from './sync-side/open-sync-side.ts';

/** Asked for at each scrape. */
export function gaugesOf(
  { reader }: OpenCatalog,
  outbound: OutboundSide,
  fleet: FleetSide,
  sync: Pick<SyncSide, 'gauges'>,
  workersNow: () => WorkerGauges | undefined,
): () => Gauges {
  // Counted once for each state of APIs and key managers, not once for each scrape.
  const pairs = new WeakMap<CatalogSnapshot, number>();
  const pairsOf = (snapshot: CatalogSnapshot) => {
    const counted = pairs.get(snapshot);
    if (counted !== undefined) return counted;
    const apis = [...snapshot.router.byId.values()].map(({ api }) => api);
    const count = countPairsWithoutAudience(apis, snapshot.keyManagers.byId.values());
    pairs.set(snapshot, count);
    return count;
  };
  return () => {
    const snapshot = reader.snapshot();
    const nameOf = (id: string) => snapshot?.keyManagers.byId.get(id)?.name ?? 'other';
    const workers = workersNow();
    const vitals = [...(workers?.vitals.values() ?? [])];
    const ups = [fleet.redisUp(), ...vitals.map(({ redisUp }) => redisUp)].filter((up) => up !== undefined);
    const ages = outbound.keySets.ages(Date.now());
    return {
      keySetAges: new Map(ages.map(({ keyManagerId, ageMs }) => [nameOf(keyManagerId), ageMs / 1000])),
      catalogRevision: reader.revision() ?? 0,
      catalogStructureRevision: snapshot?.structureRevision ?? 0,
      pairsWithoutAudience: snapshot === undefined ? 0 : pairsOf(snapshot),
      outboundFlights: vitals.reduce((sum, one) => sum + one.outboundFlights, outbound.door.flights()),
      waitingChecks: vitals.reduce((sum, one) => sum + one.waitingChecks, outbound.admission.waiters),
      // One that does without is worth a look.
      redisUp: ups.length === 0 ? undefined : ups.every(Boolean),
      revocationsWaiting: fleet.revocationsWaiting(),
      sync: sync.gauges(),
      workers,
    };
  };
}
