// How V8 collects the young garbage of checks: on the thread that made it. It sets nothing else.

import { setFlagsFromString } from 'node:v8';

/**
 * Of a check little outlives it, so a young collection is over in a few milliseconds; V8 would still wake up a helper thread for each
 * core, and their waiting for one another costs a deciding process more CPU than the collection. Collections of the old generation
 * keep their helpers, which shorten pauses. A flag of V8's that is read at each collection, so it may be set at any time.
 */
export function collectOnOneThread(): void {
  setFlagsFromString('--no-parallel-scavenge');
}
