// Whether anything may be decided from the copy of the catalog, in a form that can be told to another process and stays true there
// while nobody tells anything new.

import type { World } from '../../authorize/authorize.ts';

/** How the copy stands. */
export interface Fitness {
  /** It was complete at least once. */
  readonly complete: boolean;
  /** Milliseconds since the epoch until which it is fresh enough; Infinity where its age does not matter. */
  readonly freshUntilMs: number;
}

/** Why nothing may be decided; a copy of which nothing is known is none. */
export function unfitnessOf(fitness: Fitness | undefined, nowMs: number): ReturnType<NonNullable<World['unfit']>> {
  if (fitness?.complete !== true) return 'copy_incomplete';
  return nowMs > fitness.freshUntilMs ? 'copy_stale' : undefined;
}
