// Who answers Envoy, as the rest of a process sees it: its own gRPC server, or workers.

import type { Readiness } from '../../admin/operation/status-routes.ts';
import type { DrainOptions, ExtAuthzServer } from '../../extauthz/server.ts';
import { formatListenAddress } from '../../grpc/listen-address.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { WorkerGauges } from '../../telemetry/metrics-message.ts';

/** Answers Envoy. */
export interface ServingSide {
  /** Where it listens. */
  readonly addresses: readonly string[];
  /** What gRPC health says; not serving at first. */
  readonly setServing: (serving: boolean) => void;
  /** Degraded: some of several workers do not serve. */
  readonly readiness: () => Readiness & { readonly isDegraded: boolean };
  /** Undefined where this process answers. */
  readonly gauges: () => WorkerGauges | undefined;
  /** Resolves when what others counted so far is counted here, or soon. */
  readonly counted: () => Promise<void>;
  /** Begins to replace workers, one at a time. */
  readonly restart: () => void;
  /** As an {@link ExtAuthzServer} drains; nobody is left in the end. */
  readonly drain: (options: DrainOptions) => Promise<void>;
}

/** This process answers. */
export function servingHere(server: ExtAuthzServer, log: Logger): ServingSide {
  return {
    addresses: server.addresses.map(formatListenAddress),
    setServing: (serving) => server.setServing(serving),
    readiness: () => ({ ready: true, detail: 'serving', isDegraded: false }),
    gauges: () => undefined,
    counted: async () => undefined,
    restart: () => log.warn('there are no workers to restart: one process does all (workers: 1); restart that'),
    drain: (options) => server.drain(options),
  };
}
