// Our end of the allocation probe: how much a server allocates while something is done to it.

import { eventually } from '../rig/eventually.ts';
import type { RunningProcess } from '../rig/running-process.ts';
import { BUILT_PROBE } from './built-programs.ts';

/** The environment of a Node process that can tell. */
export const TELLS_ALLOCATION: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `--import=${BUILT_PROBE.href}`,
};

/** Bytes on the heap of the main thread. */
export interface Allocation {
  /** Allocated meanwhile. */
  readonly allocated: number;
  /** Left at the end, after a full collection. */
  readonly live: number;
}

/** What a server allocates during `work`. */
export type WatchAllocation = (work: () => Promise<unknown>) => Promise<Allocation>;

/** Watches a process that has the probe. */
export function watchAllocation({ stderr, signal }: Pick<RunningProcess, 'stderr' | 'signal'>): WatchAllocation {
  return async (work) => {
    const from = stderr.length;
    signal('SIGUSR2');
    await work();
    signal('SIGUSR2');
    return eventually('the probe to tell', () => {
      const told = stderr.slice(from).flatMap((line) => [/^allocated (\d+), live (\d+)$/.exec(line) ?? []].flat());
      return told.length > 0 && { allocated: Number(told[1]), live: Number(told[2]) };
    });
  };
}
