// What the deciding thread tells the metrics thread, and back.

import type { Durations } from './duration-sums.ts';

/** Counts and durations since the last message. */
export interface Observations {
  readonly kind: 'observations';
  readonly counts: readonly Count[];
  readonly durations: Durations;
  /** The longest time that the deciding event loop was held up since the last message, in seconds. */
  readonly loopDelayMaxSeconds: number;
}

/** An increase of one counter. */
export interface Count {
  readonly counter: CounterName;
  readonly labels: readonly string[];
  readonly by: number;
}

/** State at the time of a scrape. */
export interface Gauges {
  /** Seconds since the keys in use were fetched, by key manager. */
  readonly keySetAges: ReadonlyMap<string, number>;
  readonly catalogRevision: number;
  readonly catalogStructureRevision: number;
  /** Allowed pairs of API and key manager where neither states an audience. */
  readonly pairsWithoutAudience: number;
  /** Requests to servers of key managers under way. */
  readonly outboundFlights: number;
  /** Checks that wait for something of a key manager. */
  readonly waitingChecks: number;
  /** Whether decisions use Redis now; undefined where none is configured. */
  readonly redisUp: boolean | undefined;
  /** Revocations of others that wait for their key manager to exist here, or for the catalog to take them. */
  readonly revocationsWaiting: number;
  readonly sync: SyncGauges;
  /** Undefined where one process does all. */
  readonly workers: WorkerGauges | undefined;
}

/** How the processes stand that decide. */
export interface WorkerGauges {
  /** How many are in each state. */
  readonly states: ReadonlyMap<string, number>;
  /** By number of the worker, of those that run. */
  readonly vitals: ReadonlyMap<number, WorkerVitals>;
}

/** One process that decides, as it was a second ago. */
export interface WorkerVitals {
  readonly outboundFlights: number;
  readonly waitingChecks: number;
  readonly redisUp: boolean | undefined;
  readonly residentBytes: number;
  readonly heapUsedBytes: number;
  readonly cpuSeconds: number;
}

/** How the copy of the catalog stands; what is undefined does not apply. */
export interface SyncGauges {
  /** Seconds since the copy was last known to be what its source has. */
  readonly ageSeconds: number | undefined;
  /** Where in the history of its source, or in its own. */
  readonly sequence: number;
  /** Write transactions of the source that are not here. */
  readonly lag: number | undefined;
  /** Rows of the copy that is on its way. */
  readonly loadedRows: number;
  /** Followers that are connected. */
  readonly followers: number;
}

/** A request for the text of all metrics. */
export interface Scrape {
  readonly kind: 'scrape';
  readonly id: number;
  readonly gauges: Gauges;
  readonly heapUsedBytes: number;
}

/** The answer to a {@link Scrape}, in Prometheus' text format. */
export interface Scraped {
  readonly id: number;
  readonly text: string;
}

/** Every counter with its help text and label names. */
export const COUNTERS = {
  gatehouse_decisions_total: {
    help: 'Decisions by outcome, reason and API (empty where none was matched)',
    labels: ['outcome', 'reason', 'api'],
  },
  gatehouse_key_set_fetches_total: { help: 'Fetches of key sets by result', labels: ['key_manager', 'result'] },
  gatehouse_key_set_throttled_total: {
    help: 'Tokens whose key only a fetch could have brought, which the cool-down forbade',
    labels: ['key_manager'],
  },
  gatehouse_key_set_stale_uses_total: {
    help: 'Uses of a key set that is due to be fetched again, while its server fails',
    labels: ['key_manager'],
  },
  gatehouse_outbound_requests_total: {
    help: 'Requests to servers of key managers by result: reply, or what went wrong',
    labels: ['key_manager', 'result'],
  },
  gatehouse_admission_refusals_total: {
    help: 'Requests that were not let through to a key manager, by the limit that refused',
    labels: ['key_manager', 'limit'],
  },
  gatehouse_circuit_changes_total: {
    help: 'Changes of the circuit breaker of a key manager, by the state it got into',
    labels: ['key_manager', 'state'],
  },
  gatehouse_introspections_total: {
    help: 'Introspections of tokens by result',
    labels: ['key_manager', 'result'],
  },
  gatehouse_redis_commands_total: {
    help: 'Commands to Redis by result; absent and busy ones were not sent',
    labels: ['result'],
  },
  gatehouse_redis_lookups_total: {
    help: 'What was looked up in Redis and how it went; a sealed_mismatch was not ours, or not in its place',
    labels: ['kind', 'result'],
  },
  gatehouse_revocation_spread_total: {
    help: 'Revocations of others that were applied or could not be read, refills of the shared stream, and its losses',
    labels: ['event'],
  },
  gatehouse_sync_events_total: {
    help: 'Copies and batches of the source that were put in force, revocations brought to it, and failures to reach it',
    labels: ['event'],
  },
  gatehouse_worker_restarts_total: {
    help: 'Workers that were replaced: crashed, hung, slow_start, slow_drain, or as asked for by a rolling restart',
    labels: ['why'],
  },
  gatehouse_defects_total: { help: 'Requests that met a defect and were denied', labels: [] },
  gatehouse_log_lines_dropped_total: { help: 'Log lines dropped because their reader was too slow', labels: [] },
} as const satisfies Record<string, { readonly help: string; readonly labels: readonly string[] }>;

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS;

/** The labels of a counter. */
export type LabelsOf<Name extends CounterName> = Readonly<Record<(typeof COUNTERS)[Name]['labels'][number], string>>;
