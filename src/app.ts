// The composition root: with its parts in `app/` the only place that knows every room. It builds them from settings, connects them,
// and takes them down in order. Nothing is decided here.

import { adminCredentials } from './admin/access/admin-credentials.ts';
import { startAdminSide } from './app/admin-side/start-admin-side.ts';
import { countDefects } from './app/deciding-side/count-defects.ts';
import { keyManagerDefaults } from './app/deciding-side/key-manager-defaults.ts';
import { configuredSigningKeys, openBackendJwt } from './app/deciding-side/open-backend-jwt.ts';
import { openDecidingSide } from './app/deciding-side/open-deciding-side.ts';
import { openOutboundSide } from './app/deciding-side/open-outbound-side.ts';
import { type ServingSide, servingHere } from './app/deciding-side/serving-side.ts';
import { openFleetSide } from './app/fleet-side/open-fleet-side.ts';
import { gaugesOf } from './app/gauges.ts';
import { openSyncSide } from './app/sync-side/open-sync-side.ts';
import { KeySetHandOn } from './app/workers/hand-on-key-sets.ts';
import { startWorkers } from './app/workers/start-workers.ts';
import { openCatalog } from './catalog/open-catalog.ts';
import { describeCatalogEvent } from './catalog/outcome/catalog-event.ts';
import { applyCatalogFile, catalogDatabase, connectorSecrets } from './catalog-file.ts';
import type { RunningApp, ServeOptions } from './cli/cli-app.ts';
import { productVersion } from './cli/product-version.ts';
import { loadKeyManagerTypes } from './keymanagers/load-types.ts';
import { resolveKeyManager } from './keymanagers/resolve-key-manager.ts';
import { loadSealingKeys } from './sealing/load-sealing-keys.ts';
import { INSECURE_CHOICES } from './settings/settings.ts';
import { openLogSink } from './telemetry/log-sink.ts';
import { createLogger } from './telemetry/logger.ts';
import { startMetrics } from './telemetry/metrics.ts';

export { discoverOnce as discover } from './app/admin-side/discover-once.ts';
export { backupCatalog, restoreCatalog } from './app/copy-catalog.ts';
export { validateCatalog } from './catalog-file.ts';

const STDOUT = 1;
/** How long the last log lines may take to leave. */
const LOG_FLUSH_MS = 1_000;
/** Calls in flight after GOAWAY have their budget; this is beyond it, and only for a peer that stalls. */
const STALL_MS = 2_000;

/** Serves until stopped. Rejects with a sentence for the operator when it cannot start; nothing is left running then. */
export async function serve({ settings, catalogWins, strict }: ServeOptions): Promise<RunningApp> {
  const undo: (() => unknown)[] = [];
  const graceMs = settings.extauthz.budgetMs + STALL_MS;
  let serving: ServingSide | undefined;
  const stopAll = async () => {
    for (const stop of undo.splice(0).reverse()) await stop();
  };
  try {
    let endDefects = () => {};
    // Last: what goes wrong while sockets are closed must not keep the catalog from being closed.
    undo.push(() => endDefects());
    const sink = openLogSink(STDOUT);
    undo.push(() => sink.flush(LOG_FLUSH_MS));
    const log = createLogger(settings.telemetry.logLevel, sink);
    for (const choice of settings.insecure)
      log.warn({ flag: `--insecure-${choice}` }, `insecure by choice: ${INSECURE_CHOICES[choice]}`);
    const types = await loadKeyManagerTypes(settings.keyManagers.types);
    const defaults = keyManagerDefaults(settings);
    const sealing = loadSealingKeys({
      sources: settings.sealing.keys,
      dataDir: settings.dataDir,
      environment: process.env,
      make: true,
    });
    if (sealing.made !== undefined)
      log.warn({ path: sealing.made }, 'a sealing key was made; keep a copy of it apart from copies of the catalog');
    const catalog = await openCatalog({
      file: catalogDatabase(settings),
      sealingKeys: sealing.keys,
      secretNames: connectorSecrets(types),
      resolveKeyManager: (stored) => resolveKeyManager(stored, defaults, types),
      report: (event) => {
        const { level, message } = describeCatalogEvent(event);
        log[level](event, message);
      },
    });
    undo.push(() => catalog.close());
    await applyCatalogFile(settings, types, catalog, { catalogWins, strict }, log);
    const credentials = await adminCredentials({
      configured: settings.admin.credentials,
      kept: catalog.lists.listAdminCredentials(),
      save: (credential) => catalog.writer.saveAdminCredential(credential),
      dataDir: settings.dataDir,
      organization: settings.organization,
      log,
    });

    const fleet = openFleetSide(settings, catalog, sealing.keys, () => metrics, log);
    undo.push(() => fleet.close());
    const handOn = new KeySetHandOn(catalog);
    const outbound = openOutboundSide(settings, {
      catalog: { reader: catalog.reader, keySets: handOn },
      shared: fleet.keySets,
      metrics: () => metrics,
      log,
    });
    undo.push(() => outbound.close());
    const sync = openSyncSide(settings, {
      ...{ catalog, types, door: outbound.door, sealingKeys: sealing.keys, log },
      metrics: () => metrics,
    });
    undo.push(() => sync.close());
    const metrics = startMetrics({
      version: productVersion(),
      gauges: gaugesOf(catalog, outbound, fleet, sync, () => serving?.gauges()),
      droppedLogLines: sink.dropped,
      decides: settings.workers === 1,
      onFailure: (error) => log.error({ err: error }, 'the metrics thread failed; decisions go on, scrapes do not'),
    });
    undo.push(() => metrics.close());
    const defects = countDefects(metrics, log);
    endDefects = defects.end;

    const signingKeys = configuredSigningKeys(settings);
    const backendJwt = await openBackendJwt(settings, signingKeys, catalog, outbound.admission);
    const { tokens, listen } = openDecidingSide(settings, {
      ...{ catalog, outbound, backendJwt, metrics, log, sink },
      shared: fleet.tokenDecisions,
      unfit: sync.unfit,
      countDefect: defects.countDefect,
    });
    serving =
      settings.workers === 1
        ? servingHere(await listen(settings.extauthz.listen), log)
        : await startWorkers(settings, {
            ...{ catalog, sealingKeys: sealing.keys, signingKeys, keySets: outbound.keySets, handOn },
            ...{ fitness: sync.fitness, metrics, sink, log, graceMs },
          });
    const { addresses: extauthz, drain, setServing, restart } = serving;
    undo.push(() => drain({ notServingMs: 0, graceMs: 0 }));
    let draining = false;
    const admin = await startAdminSide(settings, {
      types,
      catalog,
      credentials,
      tokens,
      outbound,
      fleet,
      sync,
      metrics,
      signingKeys: backendJwt?.signingKeys,
      serving,
      log,
      isDraining: () => draining,
    });
    undo.push(() => admin.stop());

    if (settings.sync.source === 'alone' && catalog.reader.snapshot()?.router.byId.size === 0)
      log.warn('the catalog has no API, so every request is denied; apply one with --catalog');
    await fleet.start();
    outbound.start();
    sync.start();
    sync.whenComplete(() => draining || setServing(true));
    const addresses = { extauthz, admin: admin.url };
    log.info({ ...addresses, version: productVersion(), revision: catalog.reader.revision() }, 'ready');
    return {
      addresses,
      restart,
      stop: async () => {
        draining = true;
        log.info('draining');
        await drain({ notServingMs: settings.extauthz.drainMs, graceMs });
        log.info('stopped');
        await stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}
