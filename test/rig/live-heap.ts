// How much of this process's heap is in use once everything that nobody holds is collected. It holds nothing itself.

import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes that live on the heap of this thread, after a full collection. */
export function liveHeapBytes(): number {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  // What is held by something that goes at the first is gone at the second.
  collect();
  collect();
  return getHeapStatistics().used_heap_size;
}
