// Wires Envoy's side: the gRPC server, the decision behind it, and what is told of each decision.

import { randomUUID } from 'node:crypto';
import { authorize, type World } from '../../authorize/authorize.ts';
import { StepRecorder } from '../../authorize/step-recorder.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import type { Api } from '../../domain/api.ts';
import type { AccessRequest } from '../../domain/request.ts';
import type { ToldDecision } from '../../domain/told-decision.ts';
import { answerer } from '../../extauthz/answer/answer.ts';
import { checkHandler } from '../../extauthz/check-handler.ts';
import { type ExtAuthzServer, startServer } from '../../extauthz/server.ts';
import { parseListenAddress } from '../../grpc/listen-address.ts';
import type { Settings } from '../../settings/settings.ts';
import { decisionLog } from '../../telemetry/decision-log.ts';
import type { LogSink } from '../../telemetry/log-sink.ts';
import { decisionWriter, type Logger, type LogOrigin } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { collectYoung } from './collect-young.ts';
import type { CountDefect } from './count-defects.ts';

/** What is told of decisions, and to whom. */
export interface ExtAuthzParts {
  readonly catalog: Pick<OpenCatalog, 'reader'>;
  readonly metrics: Pick<Metrics, 'decision'>;
  readonly log: Logger;
  /** Takes decision records. */
  readonly sink: Pick<LogSink, 'write'>;
  readonly origin?: LogOrigin;
  readonly countDefect: CountDefect;
}

/** Starts listening for Envoy; it does not serve before it is told to. */
export function startExtAuthz(
  { extauthz, telemetry, upstream }: Settings,
  addresses: readonly string[],
  world: World,
  { catalog, metrics, log, sink, origin, countDefect }: ExtAuthzParts,
): Promise<ExtAuthzServer> {
  collectYoung();
  const logDecision = decisionLog(
    telemetry.allowSampling,
    () => catalog.reader.lastRevision,
    decisionWriter(sink, Date.now, origin),
  );
  const apiLabels = new WeakMap<Api, string>();
  const apiLabel = (api: Api) => {
    const label = apiLabels.get(api) ?? `${api.name}:${api.version}`;
    apiLabels.set(api, label);
    return label;
  };
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
    metrics.decision(decision.outcome, decision.reason, api && apiLabel(api), durationUs / 1_000_000);
    logDecision(told, request && recorders.get(request)?.steps);
  };
  return startServer({
    listen: addresses.map((text) => parseListenAddress(text, extauthz.tls)),
    maxConcurrentStreams: extauthz.maxConcurrentStreams,
    maxMessageBytes: extauthz.maxMessageBytes,
    maxMetadataBytes: extauthz.maxMetadataBytes,
    onCertificate: (event) => {
      if (event.outcome === 'reloaded') log.info({ files: event.files }, 'ext_authz certificate files were read again');
      else log.error(event, 'the ext_authz certificate files cannot be used; the former ones stay in use');
    },
    onDefect: (error) => countDefect(error, {}, 'a gRPC call met a defect'),
    check: checkHandler({
      decide: (request, budget) => authorize(request, Date.now(), budget, world, recorderFor(request)),
      answer: answerer({ ...upstream, assertionHeader: upstream.backendJwt.header, onFault: extauthz.onFault }),
      trustedHops: extauthz.trustedHops,
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
