// One decision as it was told to Envoy, with what is known around it: what logs and metrics are made from.

import type { Decision } from './decision.ts';

/** A decision and the request it was about. */
export interface ToldDecision {
  readonly decisionId: string;
  /** Envoy's `x-request-id`. */
  readonly requestId: string | undefined;
  readonly decision: Decision;
  /** Milliseconds since the epoch. */
  readonly startedAtMs: number;
  /** Microseconds from the check's arrival to its answer. */
  readonly durationUs: number;
  readonly method: string;
  readonly host: string;
  /** Without the query. */
  readonly path: string;
}
