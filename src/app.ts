// The composition root: the only file that knows every room. It builds them from settings, connects them, and takes them down in
// order. Nothing is decided here.

import { randomUUID } from 'node:crypto';
import type { AdminCredential } from './admin/admin-caller.ts';
import { adminCredentials } from './admin/admin-credentials.ts';
import { type AdminServer, startAdmin } from './admin/start-admin.ts';
import { authorize, type World } from './authorize/authorize.ts';
import type { CatalogSnapshot } from './authorize/ports.ts';
import { proveAdmin } from './authorize/prove-admin.ts';
import { StepRecorder } from './authorize/step-recorder.ts';
import { TokenDecisions } from './cache/token-decisions.ts';
import { describeCatalogEvent } from './catalog/catalog-event.ts';
import { type OpenCatalog, openCatalog } from './catalog/open-catalog.ts';
import { applyCatalogFile, catalogDatabase, keyMaterialChecks } from './catalog-file.ts';
import type { RunningApp, ServeOptions } from './cli/cli-app.ts';
import { productVersion } from './cli/product-version.ts';
import { countPairsWithoutAudience } from './domain/audience-gaps.ts';
import type { StoredKeyManager } from './domain/key-manager-dto.ts';
import type { AccessRequest } from './domain/request.ts';
import type { ToldDecision } from './domain/told-decision.ts';
import { answerer } from './extauthz/answer.ts';
import { checkHandler } from './extauthz/check-handler.ts';
import { formatListenAddress, parseListenAddress } from './extauthz/listen-address.ts';
import { type ExtAuthzServer, startServer } from './extauthz/server.ts';
import { judgeKeyManager } from './keymanagers/judge-key-manager.ts';
import { resolveKeyManager } from './keymanagers/resolve-key-manager.ts';
import { KEY_MANAGER_TYPES } from './keymanagers/types.ts';
import { INSECURE_CHOICES, type Settings } from './settings/settings.ts';
import { decisionLog } from './telemetry/decision-log.ts';
import { openLogSink } from './telemetry/log-sink.ts';
import { createLogger, decisionLogger, type Logger } from './telemetry/logger.ts';
import { type Metrics, startMetrics } from './telemetry/metrics.ts';
import { documentFetcher } from './tokens/fetch-document.ts';
import { KeySets } from './tokens/key-sets.ts';
import { TokenProver } from './tokens/token-prover.ts';

export { validateCatalog } from './catalog-file.ts';

const STDOUT = 1;
/** How long the last log lines may take to leave. */
const LOG_FLUSH_MS = 1_000;
/** Calls in flight after GOAWAY end within their budget; this is only for a peer that stalls. */
const GRACE_MS = 2_000;

/** Serves until stopped. Rejects with a sentence for the operator when it cannot start; nothing is left running then. */
export async function serve({ settings, catalogWins, strict }: ServeOptions): Promise<RunningApp> {
  const undo: (() => unknown)[] = [];
  const stopAll = async () => {
    for (const stop of undo.splice(0).reverse()) await stop();
  };
  try {
    const sink = openLogSink(STDOUT);
    undo.push(() => sink.flush(LOG_FLUSH_MS));
    const log = createLogger(settings.telemetry.logLevel, sink);
    for (const choice of settings.insecure)
      log.warn({ flag: `--insecure-${choice}` }, `insecure by choice: ${INSECURE_CHOICES[choice]}`);
    const catalog = await openCatalog({
      file: catalogDatabase(settings),
      resolveKeyManager: (stored) => resolveKeyManager(stored, settings.tokens),
      report: (event) => {
        const { level, message } = describeCatalogEvent(event);
        log[level](event, message);
      },
    });
    undo.push(() => catalog.close());
    await applyCatalogFile(settings, catalog, { catalogWins, strict }, log);
    const credentials = await adminCredentials({
      configured: settings.admin.credentials,
      kept: catalog.lists.listAdminCredentials(),
      save: (credential) => catalog.writer.saveAdminCredential(credential),
      dataDir: settings.dataDir,
      organization: settings.organization,
      log,
    });

    const fetcher = documentFetcher(settings.outbound, {
      totalMs: settings.keySets.timeoutMs,
      maxBytes: settings.keySets.maxBytes,
    });
    undo.push(() => fetcher.close());
    const nameOf = (id: string) => catalog.reader.snapshot()?.keyManagers.byId.get(id)?.name ?? 'other';
    const keySets = new KeySets({
      store: catalog.keySets,
      fetch: fetcher.fetch,
      clock: Date.now,
      random: Math.random,
      refreshMs: settings.keySets.refreshSeconds * 1000,
      maxStaleMs: settings.keySets.maxStaleSeconds * 1000,
      cooldownMs: settings.keySets.cooldownMs,
      observer: {
        fetched: (id, outcome) => {
          metrics.keySetFetch(nameOf(id), outcome);
          if (outcome !== 'ok')
            log.warn({ key_manager: nameOf(id), problem: outcome }, 'a key set could not be fetched');
        },
        throttled: (id) => metrics.keySetFetch(nameOf(id), 'throttled'),
      },
    });
    const tokens = new TokenProver({
      keySets,
      cache: new TokenDecisions({
        maxBytes: settings.tokens.cacheBytes,
        maxRefusalBytes: settings.tokens.refusalCacheBytes,
        clock: Date.now,
      }),
      clock: Date.now,
      proofTtlMs: settings.tokens.cacheTtlSeconds * 1000,
      refusalTtlMs: settings.tokens.refusalTtlSeconds * 1000,
    });
    const metrics = startMetrics({
      version: productVersion(),
      gauges: gaugesOf(catalog, keySets),
      droppedLogLines: sink.dropped,
      onFailure: (error) => log.error({ err: error }, 'the metrics thread failed; decisions go on, scrapes do not'),
    });
    undo.push(() => metrics.close());
    const countDefect = (error: unknown, fields: object, message: string) => {
      metrics.defect();
      log.error({ err: error, ...fields }, message);
    };
    // One request's defect must not end the process that decides all the others.
    const onStray = (error: unknown) => countDefect(error, {}, 'a defect outside of any request');
    process.on('unhandledRejection', onStray).on('uncaughtException', onStray);
    undo.push(() => process.off('unhandledRejection', onStray).off('uncaughtException', onStray));

    const world: World = {
      catalog: catalog.reader,
      tokens,
      organization: settings.organization,
      ...settings.authorize,
    };
    const extauthz = await startExtAuthz(settings, world, metrics, catalog, log, countDefect);
    undo.push(() => extauthz.drain({ notServingMs: 0, graceMs: 0 }));
    let draining = false;
    const admin = await startAdminSide(settings, catalog, credentials, world, keySets, metrics, log, () => draining);
    undo.push(() => admin.stop());

    if (catalog.reader.snapshot()?.router.byId.size === 0)
      log.warn('the catalog has no API, so every request is denied; apply one with --catalog');
    extauthz.setServing(true);
    const addresses = { extauthz: extauthz.addresses.map(formatListenAddress), admin: admin.url };
    log.info({ ...addresses, version: productVersion(), revision: catalog.reader.revision() }, 'ready');
    return {
      addresses,
      stop: async () => {
        draining = true;
        log.info('draining');
        await extauthz.drain({ notServingMs: settings.extauthz.drainMs, graceMs: GRACE_MS });
        log.info('stopped');
        await stopAll();
      },
    };
  } catch (error) {
    await stopAll();
    throw error;
  }
}

function startExtAuthz(
  { extauthz, telemetry, upstream }: Settings,
  world: World,
  metrics: Metrics,
  { reader }: OpenCatalog,
  log: Logger,
  countDefect: (error: unknown, fields: object, message: string) => void,
): Promise<ExtAuthzServer> {
  const decisions = decisionLogger(log);
  const logDecision = decisionLog(
    telemetry.allowSampling,
    () => reader.revision(),
    (record) => decisions.info(record, 'decision'),
  );
  const recorders = new WeakMap<AccessRequest, StepRecorder>();
  const recorderFor = (request: AccessRequest) => {
    if (!telemetry.decisionSteps) return undefined;
    const recorder = new StepRecorder(() => performance.now());
    recorders.set(request, recorder);
    return recorder;
  };
  const onDecision = (told: ToldDecision, request: AccessRequest | undefined) => {
    const { decision, durationUs } = told;
    const { api } = decision.known;
    metrics.decision(decision.outcome, decision.reason, api && `${api.name}:${api.version}`, durationUs / 1_000_000);
    logDecision(told, request && recorders.get(request)?.steps);
  };
  return startServer({
    listen: extauthz.listen.map((text) => parseListenAddress(text, extauthz.tls)),
    maxConcurrentStreams: extauthz.maxConcurrentStreams,
    maxMessageBytes: extauthz.maxMessageBytes,
    maxMetadataBytes: extauthz.maxMetadataBytes,
    onCertificate: (event) => {
      if (event.outcome === 'reloaded') log.info({ files: event.files }, 'ext_authz certificate files were read again');
      else log.error(event, 'the ext_authz certificate files cannot be used; the former ones stay in use');
    },
    check: checkHandler({
      decide: (request, budget) => authorize(request, Date.now(), budget, world, recorderFor(request)),
      answer: answerer({ ...upstream, onFault: extauthz.onFault }),
      routeAttributes: { ...extauthz.contextExtensions, metadataNamespace: extauthz.routeMetadataNamespace },
      limitMs: extauthz.budgetMs,
      marginMs: extauthz.marginMs,
      onDecision,
      onDefect: (error, decisionId) => countDefect(error, { decision_id: decisionId }, 'a request met a defect'),
      now: Date.now,
      newDecisionId: randomUUID,
    }),
  });
}

function startAdminSide(
  settings: Settings,
  { lists, reader, writer }: OpenCatalog,
  credentials: readonly AdminCredential[],
  { tokens }: World,
  keySets: KeySets,
  metrics: Metrics,
  log: Logger,
  isDraining: () => boolean,
): Promise<AdminServer> {
  const checks = keyMaterialChecks(settings);
  return startAdmin({
    ...settings.admin,
    credentials,
    connectorPropertiesOf: (type) => KEY_MANAGER_TYPES.get(type)?.connectorProperties ?? [],
    proveCaller: (bearer) => proveAdmin(bearer, reader, tokens, Date.now()),
    keyManagers: {
      list: async (organization) => lists.listKeyManagers(organization),
      find: async (organization, id) => lists.findKeyManager(organization, id),
      create: async (organization, dto) => {
        const judged = judgeKeyManager(dto, checks, 'admin_side');
        if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
        const written = await writer.createKeyManager({ organization, ...judged });
        if ('kind' in written) return written;
        return { kind: 'created', keyManager: written, warnings: warningsOf(written, settings) };
      },
      delete: async (organization, id, force) => {
        const gone = await writer.deleteKeyManager(organization, id, force);
        keySets.retain(new Set(reader.snapshot()?.keyManagers.byId.keys()));
        return gone;
      },
    },
    readiness: () => {
      if (isDraining()) return { ready: false, detail: 'shutting down' };
      return reader.snapshot() === undefined
        ? { ready: false, detail: 'the catalog cannot be read' }
        : { ready: true, detail: 'serving' };
    },
    metrics: () => metrics.scrape(),
    audit: (entry) => log.info({ audit: entry }, 'admin request'),
    log,
  });
}

function warningsOf(stored: StoredKeyManager, settings: Settings): readonly string[] {
  const resolved = resolveKeyManager(stored, settings.tokens);
  return resolved?.audiences.length === 0
    ? ['It states no audience: on APIs that state none either, a token meant for anything else will do.']
    : [];
}

function gaugesOf({ reader }: OpenCatalog, keySets: KeySets) {
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
    const ages = keySets.ages(Date.now());
    return {
      keySetAges: new Map(ages.map(({ keyManagerId, ageMs }) => [nameOf(keyManagerId), ageMs / 1000])),
      catalogRevision: reader.revision() ?? 0,
      catalogStructureRevision: snapshot?.structureRevision ?? 0,
      pairsWithoutAudience: snapshot === undefined ? 0 : pairsOf(snapshot),
    };
  };
}
