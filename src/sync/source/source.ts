// Where a catalog comes from, as one idea: something that is started, keeps a local copy up to date, and says how it stands. It never
// decides about a request, and its absence changes nothing in the copy.

/** How a source stands; what `/readyz`, the gauges and `gatehouse sync status` tell. */
export interface SourceStatus {
  readonly source: 'alone' | 'hub' | 'wso2';
  /**
   * `starting`: nothing was heard yet. `loading`: a whole copy is on its way. `following`: in touch. `away`: the source cannot be reached,
   * or refuses; the copy is as old as `freshAtMs`. `held_back`: the source changed so much that somebody must confirm it.
   */
  readonly state: 'starting' | 'loading' | 'following' | 'away' | 'held_back';
  /** The copy was complete at least once, in this process or before it. */
  readonly complete: boolean;
  /** When the copy was last known to be what the source has, milliseconds since the epoch; null: not in this process. */
  readonly freshAtMs: number | null;
  /** Rows read so far of the copy that is on its way. */
  readonly loadedRows: number;
  /** One sentence on what is wrong, without any secret; null where all is well. */
  readonly problem: string | null;
}

/** A source of the catalog. */
export interface Source {
  /** Begins, and returns at once. */
  start(): void;
  /** Ends, with what is under way finished or given up. */
  stop(): Promise<void>;
  status(): SourceStatus;
  /** Applies what is held back, once; false where nothing is. */
  confirm(): boolean;
}

/** The own catalog is the source: nothing is fetched, and it is always fresh. */
export function standAlone(clock: () => number): Source {
  return {
    start: () => undefined,
    stop: () => Promise.resolve(),
    confirm: () => false,
    status: () => ({
      source: 'alone',
      state: 'following',
      complete: true,
      freshAtMs: clock(),
      loadedRows: 0,
      problem: null,
    }),
  };
}
