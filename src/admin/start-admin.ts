// The admin side's HTTP server: every request is limited, and guarded before a route sees it. It knows no storage; all of that is
// injected.

import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { fastify } from 'fastify';
import type { TlsFiles } from '../domain/tls-files.ts';
import { type GuardOptions, guard, protectiveHeaders, refuse } from './access/guard.ts';
import type { CatalogEntities } from './entities/entity-store.ts';
import { fleetRoutes } from './fleet/fleet-routes.ts';
import type { FleetStore } from './fleet/fleet-store.ts';
import { refuseOnFollowers } from './fleet/refuse-on-followers.ts';
import { waitForFleet } from './fleet/wait-for-fleet.ts';
import { acceptJsonOnly } from './http/json-body.ts';
import { readTlsFiles, watchTlsFiles } from './http/tls-files.ts';
import { type InternalDataOptions, internalDataRoutes } from './internal-data/internal-data-routes.ts';
import { wso2DataRoutes } from './internal-data/wso2-data-routes.ts';
import type { KeyManagerDiagnosis } from './key-managers/diagnosis.ts';
import { diagnosisRoutes } from './key-managers/diagnosis-routes.ts';
import { keyManagerRoutes } from './key-managers/key-manager-routes.ts';
import type { KeyManagerStore } from './key-managers/key-manager-store.ts';
import { usageRoutes } from './key-managers/usage-routes.ts';
import { auditRoutes, type ListAudit } from './operation/audit-routes.ts';
import { type CatalogRoutesOptions, catalogRoutes } from './operation/catalog-routes.ts';
import { revocationRoutes } from './operation/revocation-routes.ts';
import { type SigningKeyAdmin, signingKeyRoutes } from './operation/signing-key-routes.ts';
import { type Readiness, statusRoutes } from './operation/status-routes.ts';
import { applicationKeyRoutes, type ProveClient } from './portal/application-key-routes.ts';
import { applicationRoutes } from './portal/application-routes.ts';
import { portalRoutes } from './portal/portal-routes.ts';
import { subscriptionRoutes } from './portal/subscription-routes.ts';
import { apiRoutes } from './publisher/api-routes.ts';
import { importOpenApiRoute } from './publisher/import-openapi-route.ts';
import { scopeRoutes } from './publisher/scope-routes.ts';
import { denyPolicyRoutes } from './throttling/deny-policy-routes.ts';
import { policyRoutes } from './throttling/policy-routes.ts';

/** Largest body of one entity. */
const MAX_BODY_BYTES = 1_048_576;
const MAX_HEADER_BYTES = 32_768;
/** Slow senders are cut off: headers first, then the whole request. */
const HEADERS_TIMEOUT_MS = 10_000;
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_MS = 65_000;
/** A TLS handshake that does not go on. */
const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Requests in flight may take so long at the end. Node no longer cuts off who is slow then, and waits for who says nothing. */
const STOP_GRACE_MS = 5_000;

/** What the admin side needs. */
export interface AdminOptions extends GuardOptions, Pick<InternalDataOptions, 'revocations' | 'margins' | 'tokenHash'> {
  readonly host: string;
  readonly port: number;
  readonly tls: TlsFiles | null;
  readonly keyManagers: KeyManagerStore;
  readonly catalog: CatalogRoutesOptions['catalog'];
  readonly entities: CatalogEntities;
  readonly proveClient: ProveClient;
  /** All that there are, for permissions; empty: any. */
  readonly roles?: readonly string[];
  readonly diagnosis: KeyManagerDiagnosis;
  readonly listAudit: ListAudit;
  /** Undefined: no backend JWT is signed. */
  readonly signingKeys?: SigningKeyAdmin | undefined;
  readonly fleet: FleetStore;
  readonly readiness: () => Readiness;
  readonly metrics: () => Promise<string>;
  /** Milliseconds that requests in flight may take at the end. */
  readonly stopGraceMs?: number;
  /** Hears of defects, of TLS files that cannot be used, and of events that revoke nothing. */
  readonly log: Record<'warn' | 'error', (fields: object, message: string) => void>;
}

/** A listening admin side. */
export interface AdminServer {
  readonly url: string;
  /** Ends when requests in flight have been answered, or have been given up. */
  stop(): Promise<void>;
}

/** Starts listening; rejects where the address or the TLS files cannot be used. */
export async function startAdmin(options: AdminOptions): Promise<AdminServer> {
  const limits = {
    maxHeaderSize: MAX_HEADER_BYTES,
    headersTimeout: HEADERS_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
  };
  const { tls } = options;
  let unwatch = () => {};
  const app = fastify({
    bodyLimit: MAX_BODY_BYTES,
    exposeHeadRoutes: false,
    forceCloseConnections: 'idle',
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    // Paths that the router cannot read reach no hook, and its own answer would repeat them.
    frameworkErrors: ({ statusCode = 400 }, request, reply) => {
      reply.headers(protectiveHeaders(request));
      refuse(reply, statusCode, 'Bad Request', 'The path cannot be decoded, or a part of it is too long');
    },
    serverFactory(handler) {
      if (tls === null) return createServer(limits, handler);
      const mutual = tls.clientCaFile === null ? {} : { requestCert: true, rejectUnauthorized: true };
      const context = readTlsFiles(tls);
      const server = createTlsServer(
        { ...limits, handshakeTimeout: HANDSHAKE_TIMEOUT_MS, ...context, ...mutual },
        handler,
      );
      unwatch = watchTlsFiles(
        tls,
        context,
        (changed) => server.setSecureContext(changed),
        (error) => options.log.error({ err: error }, 'the admin TLS files cannot be used; the former ones stay in use'),
      );
      return server;
    },
  });
  const callers = guard(app, options);
  refuseOnFollowers(app, options.fleet.sourceUrl);
  waitForFleet(app, options.fleet);
  acceptJsonOnly(app);
  keyManagerRoutes(app, options.keyManagers, callers, options.roles);
  usageRoutes(app, options.keyManagers, callers);
  diagnosisRoutes(app, options.diagnosis, callers);
  const { entities } = options;
  importOpenApiRoute(app, apiRoutes(app, entities, callers));
  scopeRoutes(app, entities, callers);
  policyRoutes(app, entities, callers);
  denyPolicyRoutes(app, entities, callers);
  portalRoutes(app, entities, options.keyManagers, callers);
  applicationRoutes(app, entities, callers);
  applicationKeyRoutes(app, options, callers);
  subscriptionRoutes(app, entities, callers);
  revocationRoutes(app, { ...options, newId: randomUUID }, callers);
  internalDataRoutes(app, options, callers);
  fleetRoutes(app, options.fleet, callers);
  wso2DataRoutes(app, options.fleet, callers, options.superTenant);
  catalogRoutes(app, options, callers);
  auditRoutes(app, options, callers);
  signingKeyRoutes(app, options, callers);
  statusRoutes(app, options.readiness, options.metrics);
  const sockets = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  const stop = async () => {
    unwatch();
    // Who connected and said nothing has nothing to wait for.
    const cutOff = (isOver: (socket: Socket) => boolean) => {
      for (const socket of sockets) if (isOver(socket)) socket.destroy();
    };
    const late = setTimeout(() => cutOff(() => true), options.stopGraceMs ?? STOP_GRACE_MS);
    const closed = app.close();
    cutOff(({ bytesRead }) => bytesRead === 0);
    await closed;
    clearTimeout(late);
  };
  try {
    await app.listen({ host: options.host, port: options.port });
  } catch (error) {
    await stop();
    const where = `${options.host}:${options.port}`;
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown error';
    const fix = 'free the address, or set admin.host and admin.port';
    throw new Error(`the admin side cannot listen on ${where} (${code}); ${fix}`, { cause: error });
  }
  const { address, family, port } = app.server.address() as AddressInfo;
  return {
    url: `${tls === null ? 'http' : 'https'}://${family === 'IPv6' ? `[${address}]` : address}:${port}`,
    stop,
  };
}
