// A real gRPC server around a decision made by the test, and a client for it; all on loopback, closed by `stop`.

import { randomUUID } from 'node:crypto';
import type { Budget } from '../../../src/authorize/ports.ts';
import type { Decision } from '../../../src/domain/decision.ts';
import type { AccessRequest } from '../../../src/domain/request.ts';
import type { ToldDecision } from '../../../src/domain/told-decision.ts';
import { answerer } from '../../../src/extauthz/answer/answer.ts';
import { CheckClient, type CheckQuestion } from '../../../src/extauthz/check-client.ts';
import { type CheckHandlerOptions, checkHandler } from '../../../src/extauthz/check-handler.ts';
import { type ExtAuthzServer, type ServerOptions, startServer } from '../../../src/extauthz/server.ts';
import type { ListenAddress } from '../../../src/grpc/listen-address.ts';
import { sampleApi } from '../domain/catalog-samples.ts';

/** An allow with nothing but an API known. */
export const ALLOW: Decision = { outcome: 'allow', reason: 'allowed', known: { api: sampleApi() } };

/** A usual denial. */
export const DENY: Decision = { outcome: 'deny', reason: 'credential_missing', evidence: {}, known: {} };

/** GET /pizza/1.0.0/menu?q=1. */
export const QUESTION: CheckQuestion = {
  method: 'GET',
  url: 'http://api.example/pizza/1.0.0/menu?q=1',
  headers: [['x-request-id', 'r-1']],
  headerMode: 'map',
};

/** Time for any answer to come; only a broken server needs it all. */
export const PATIENCE_MS = 10_000;

/** Any free port of the loopback. */
export const LOOPBACK: ListenAddress = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** Limits as they may be in production. */
export const LIMITS = { maxMessageBytes: 262_144, maxMetadataBytes: 16_384, maxConcurrentStreams: 100 } as const;

/** What a test may set. */
export interface Setting extends Partial<CheckHandlerOptions>, Partial<Pick<ServerOptions, 'listen'>> {
  readonly onFault?: 'denied' | 'error_response' | 'grpc';
}

/** A server with what it reported. */
export interface RunningServer {
  readonly server: ExtAuthzServer;
  readonly client: CheckClient;
  readonly records: ToldDecision[];
  readonly defects: unknown[];
  stop(): Promise<void>;
}

/** The handler's options around a decision, with what it reports. */
export function handlerOptions(
  decide: (request: AccessRequest, budget: Budget) => Decision | Promise<Decision>,
  reported: { records: ToldDecision[]; defects: unknown[] },
  setting: Setting = {},
): CheckHandlerOptions {
  return {
    decide,
    answer: answerer({
      identityHeaders: { 'x-subject': 'subject' },
      removeHeaders: [],
      keepCredential: false,
      assertionHeader: 'x-jwt-assertion',
      decisionIdHeader: null,
      realm: 'Gatehouse',
      onFault: setting.onFault ?? 'denied',
    }),
    routeAttributes: { api: 'api', organization: 'organization', environment: 'env', metadataNamespace: 'gatehouse' },
    limitMs: PATIENCE_MS,
    marginMs: 10,
    onDecision: ({ decisionId, requestId, decision, startedAtMs, durationUs, method, host, path }) =>
      reported.records.push({ decisionId, requestId, decision, startedAtMs, durationUs, method, host, path }),
    onDefect: (error) => reported.defects.push(error),
    now: Date.now,
    newDecisionId: randomUUID,
    ...setting,
  };
}

/** Starts a server that decides like this. */
export async function runServer(
  decide: (request: AccessRequest, budget: Budget) => Decision | Promise<Decision>,
  setting: Setting = {},
): Promise<RunningServer> {
  const reported = { records: [] as ToldDecision[], defects: [] as unknown[] };
  const server = await startServer({
    listen: setting.listen ?? [LOOPBACK],
    check: checkHandler(handlerOptions(decide, reported, setting)),
    ...LIMITS,
    onCertificate: () => {},
    onDefect: (error) => reported.defects.push(error),
  });
  const client = new CheckClient(server.addresses[0] as ListenAddress & { tls?: undefined });
  return {
    server,
    client,
    ...reported,
    stop: async () => {
      client.close();
      await server.drain({ notServingMs: 0, graceMs: 0 });
    },
  };
}
