// gRPC health (grpc.health.v1) for Envoy's active health checks and probes. It says what it was told last; requests, good or
// bad, never change it.

import type { ServiceDefinition } from '@grpc/proto-loader';
import type { GrpcCall, GrpcMethod } from '../grpc/grpc-call.ts';
import { GRPC_STATUS, type GrpcRefusal } from '../grpc/grpc-status.ts';
import { AUTHORIZATION_SERVICE, methodOf } from './proto-services.ts';

/** HealthCheckResponse.ServingStatus. */
export const SERVING_STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

type ServingStatus = (typeof SERVING_STATUS)[keyof typeof SERVING_STATUS];

/** `''` is the server as a whole. */
const KNOWN_SERVICES = new Set(['', AUTHORIZATION_SERVICE]);

const NO_SERVICE: GrpcRefusal = { status: GRPC_STATUS.NOT_FOUND, details: 'no service of this name' };
const MALFORMED: GrpcRefusal = { status: GRPC_STATUS.INTERNAL, details: 'the message is no HealthCheckRequest' };

/** The health of the server; not serving until told otherwise. */
export class HealthService {
  /** By path. */
  readonly methods: ReadonlyMap<string, GrpcMethod>;
  readonly #read: (message: Buffer) => object;
  readonly #write: (reply: object) => Buffer;
  #status: ServingStatus = SERVING_STATUS.NOT_SERVING;
  readonly #watchers = new Set<GrpcCall>();
  /** Watchers of services that are not here. */
  readonly #strangers = new Set<GrpcCall>();
  #watchesEnded = false;

  /** With `grpc.health.v1.Health` as `proto/` defines it. */
  constructor(health: ServiceDefinition) {
    const check = methodOf(health, 'Check');
    this.#read = check.requestDeserialize;
    this.#write = check.responseSerialize;
    this.methods = new Map([
      [check.path, (call) => this.#check(call)],
      [methodOf(health, 'Watch').path, (call) => this.#watch(call)],
    ]);
  }

  /** Sets the status and tells the watchers. */
  setServing(serving: boolean): void {
    const next = serving ? SERVING_STATUS.SERVING : SERVING_STATUS.NOT_SERVING;
    if (next === this.#status) return;
    this.#status = next;
    for (const watcher of this.#watchers) watcher.send(this.#reply(next));
  }

  /** Ends all watches, and each that is still asked for after its first answer: an open one would hold its connection for ever. */
  endWatches(): void {
    this.#watchesEnded = true;
    for (const watcher of [...this.#watchers, ...this.#strangers]) watcher.end();
    this.#watchers.clear();
    this.#strangers.clear();
  }

  /** Answers once; NOT_FOUND for a service that is not here. */
  #check(call: GrpcCall): void {
    const service = this.#serviceOf(call);
    if (service === undefined) call.refuse(MALFORMED);
    else if (KNOWN_SERVICES.has(service)) call.answer(this.#reply(this.#status));
    else call.refuse(NO_SERVICE);
  }

  /** Answers now and at every change; SERVICE_UNKNOWN for a service that is not here, as the protocol has it for Watch. */
  #watch(call: GrpcCall): void {
    const service = this.#serviceOf(call);
    if (service === undefined) {
      call.refuse(MALFORMED);
      return;
    }
    const known = KNOWN_SERVICES.has(service);
    const watchers = known ? this.#watchers : this.#strangers;
    watchers.add(call);
    call.onClosed(() => watchers.delete(call));
    call.send(this.#reply(known ? this.#status : SERVING_STATUS.SERVICE_UNKNOWN));
    if (this.#watchesEnded) call.end();
  }

  #reply(status: ServingStatus): Buffer {
    return this.#write({ status });
  }

  #serviceOf({ message }: GrpcCall): string | undefined {
    try {
      const { service = '' } = this.#read(message) as { readonly service?: string };
      return service;
    } catch {
      return undefined;
    }
  }
}
