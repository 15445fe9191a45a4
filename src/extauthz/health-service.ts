// gRPC health (grpc.health.v1) for Envoy's active health checks and probes. It says what it was told last; requests, good or
// bad, never change it.

import { type handleServerStreamingCall, type handleUnaryCall, type ServerWritableStream, status } from '@grpc/grpc-js';
import { AUTHORIZATION_SERVICE } from './proto-services.ts';

/** HealthCheckResponse.ServingStatus. */
export const SERVING_STATUS = { SERVING: 1, NOT_SERVING: 2, SERVICE_UNKNOWN: 3 } as const;

interface HealthRequest {
  readonly service?: string;
}
interface HealthReply {
  readonly status: number;
}
type Watcher = ServerWritableStream<HealthRequest, HealthReply>;

/** `''` is the server as a whole. */
const KNOWN_SERVICES = new Set(['', AUTHORIZATION_SERVICE]);

/** The health of the server; not serving until told otherwise. */
export class HealthService {
  #status: number = SERVING_STATUS.NOT_SERVING;
  readonly #watchers = new Set<Watcher>();
  /** Watchers of services that are not here. */
  readonly #strangers = new Set<Watcher>();

  /** Answers once; NOT_FOUND for a service that is not here. */
  readonly check: handleUnaryCall<HealthRequest, HealthReply> = (call, respond) => {
    if (KNOWN_SERVICES.has(call.request.service ?? '')) respond(null, { status: this.#status });
    else respond({ code: status.NOT_FOUND, details: 'no service of this name' });
  };

  /** Answers now and at every change; SERVICE_UNKNOWN for a service that is not here, as the protocol has it for Watch. */
  readonly watch: handleServerStreamingCall<HealthRequest, HealthReply> = (call) => {
    const known = KNOWN_SERVICES.has(call.request.service ?? '');
    const watchers = known ? this.#watchers : this.#strangers;
    watchers.add(call);
    call.on('cancelled', () => watchers.delete(call));
    call.write({ status: known ? this.#status : SERVING_STATUS.SERVICE_UNKNOWN });
  };

  /** Sets the status and tells the watchers. */
  setServing(serving: boolean): void {
    const next = serving ? SERVING_STATUS.SERVING : SERVING_STATUS.NOT_SERVING;
    if (next === this.#status) return;
    this.#status = next;
    for (const watcher of this.#watchers) watcher.write({ status: next });
  }

  /** Ends all watches: an open one would hold its connection for ever. */
  endWatches(): void {
    for (const watcher of [...this.#watchers, ...this.#strangers]) watcher.end();
    this.#watchers.clear();
    this.#strangers.clear();
  }
}
