// What the deciding thread tells the metrics thread, and back.

/** Counts and durations since the last message. */
export interface Observations {
  readonly kind: 'observations';
  readonly counts: readonly Count[];
  /** Decision durations in seconds. */
  readonly durations: Float64Array<ArrayBuffer>;
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
  gatehouse_defects_total: { help: 'Requests that met a defect and were denied', labels: [] },
  gatehouse_log_lines_dropped_total: { help: 'Log lines dropped because their reader was too slow', labels: [] },
} as const satisfies Record<string, { readonly help: string; readonly labels: readonly string[] }>;

/** The name of a counter. */
export type CounterName = keyof typeof COUNTERS;
