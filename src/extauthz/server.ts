// Envoy's side as a server: Check and gRPC health on all addresses. It knows nothing of decisions; drain turns Envoy away before it
// closes.

import { setTimeout as delay } from 'node:timers/promises';
import type { GrpcMethod } from '../grpc/grpc-call.ts';
import { GrpcServer, type GrpcServerOptions } from '../grpc/grpc-server.ts';
import type { ListenAddress } from '../grpc/listen-address.ts';
import { HealthService } from './health-service.ts';
import { loadServices, methodOf } from './proto-services.ts';

/**
 * What the server needs. The largest message is a CheckRequest: 1 to 5 KB, and about 100 KB with Envoy's largest headers and a
 * certificate. Of metadata Envoy sends a few hundred bytes. Beyond the streams of one connection Envoy opens another.
 */
export interface ServerOptions extends Omit<GrpcServerOptions, 'methods'> {
  readonly listen: readonly ListenAddress[];
  /** The method of `envoy.service.auth.v3.Authorization/Check`. */
  readonly check: GrpcMethod;
}

/** How to leave. */
export interface DrainOptions {
  /** Milliseconds of NOT_SERVING with every Check still answered: longer than Envoy's health check interval. */
  readonly notServingMs: number;
  /** Milliseconds that calls in flight may take after GOAWAY. */
  readonly graceMs: number;
}

/** A listening server. */
export class ExtAuthzServer {
  readonly #server: GrpcServer;
  readonly #health: HealthService;
  #drained: Promise<void> | undefined;

  constructor(server: GrpcServer, health: HealthService) {
    this.#server = server;
    this.#health = health;
  }

  /** The addresses with the ports that were bound. */
  get addresses(): readonly ListenAddress[] {
    return this.#server.addresses;
  }

  /** What gRPC health says; not serving at first. */
  setServing(serving: boolean): void {
    if (this.#drained === undefined) this.#health.setServing(serving);
  }

  /** NOT_SERVING, a while of ordinary service, GOAWAY, calls in flight finish, closed. A second call joins the first. */
  drain(options: DrainOptions): Promise<void> {
    this.#health.setServing(false);
    this.#drained ??= this.#drain(options);
    return this.#drained;
  }

  async #drain({ notServingMs, graceMs }: DrainOptions): Promise<void> {
    await delay(notServingMs);
    this.#health.endWatches();
    await this.#server.close(graceMs);
  }
}

/** Listens on all addresses, or on none: rejects with the address and what is wrong with it. */
export async function startServer({ check, listen, ...options }: ServerOptions): Promise<ExtAuthzServer> {
  const { authorization, health: healthDefinition } = loadServices();
  const health = new HealthService(healthDefinition);
  const methods = new Map([[methodOf(authorization, 'Check').path, check], ...health.methods]);
  return new ExtAuthzServer(await GrpcServer.listen(listen, { ...options, methods }), health);
}
