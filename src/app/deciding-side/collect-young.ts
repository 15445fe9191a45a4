// How V8 collects the garbage of checks: young, at once, and on the thread that made it. It sets nothing else.

import { setFlagsFromString } from 'node:v8';

/**
 * Read at each collection, so they may be set at any time. Of a check nothing should outlive it.
 * - A young collection is over in a few milliseconds. V8 would wake up a helper thread for each core all the same, and their waiting for
 *   one another costs a deciding process more CPU than the collection. Those of the old generation keep theirs, which shorten pauses.
 * - Where much of a place's objects outlived a collection once, because many checks were in flight, V8 would make all of that place's
 *   objects old from the start; all that they point to then lives until a full collection, which holds every caller up.
 * - What does grow old is collected when the heap has doubled, or is halfway from there to its limit; V8 would let a heap that may be
 *   large grow to four times.
 */
const FLAGS = ['--no-parallel-scavenge', '--no-allocation-site-pretenuring', '--heap-growing-percent=100'];

/** Sets them for the process. */
export function collectYoung(): void {
  for (const flag of FLAGS) setFlagsFromString(flag);
}
