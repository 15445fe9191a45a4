// Loaded into a measured server with --import: between two signals it counts what the main thread allocates on its heap, and says so
// on stderr, with what is left after a full collection. Outside of that time it does nothing, and nothing is timed within it.

import { GCProfiler, getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

const usedBytes = () => getHeapStatistics().used_heap_size;
let counting: { readonly profiler: GCProfiler; readonly startBytes: number } | undefined;

process.on('SIGUSR2', () => {
  if (counting === undefined) {
    counting = { profiler: new GCProfiler(), startBytes: usedBytes() };
    counting.profiler.start();
    return;
  }
  // Between two collections the heap only grows; what it grew by was allocated.
  let allocated = 0;
  let heldBytes = counting.startBytes;
  for (const { beforeGC, afterGC } of counting.profiler.stop()?.statistics ?? []) {
    allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - heldBytes);
    heldBytes = afterGC.heapStatistics.usedHeapSize;
  }
  allocated += Math.max(0, usedBytes() - heldBytes);
  counting = undefined;
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  process.stderr.write(`allocated ${allocated}, live ${usedBytes()}\n`);
});
