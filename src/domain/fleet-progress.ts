// How far a fleet has come with a write, as its hub knows it and as who wrote is told.

/** How far the fleet has come with a write. */
export interface FleetProgress {
  /** Every follower that was connected when the write was made has it. */
  readonly complete: boolean;
  readonly sequence: number;
  readonly acknowledged: readonly string[];
  /** Connected at the time of the write and not known to have it. */
  readonly lagging: readonly string[];
  /** Seen of late and not connected: they will have it before they go on. */
  readonly absent: readonly string[];
}
