// Our end of the allocation probe: how much a server allocates while something is done to it.

import { eventually } from '../rig/eventually.ts';
import type { RunningProcess } from '../rig/running-process.ts';

/** The environment of a Node process that can tell. */
export const TELLS_ALLOCATION: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `--import=${new URL('./allocation-probe.ts', import.meta.url).href}`,
};

/** Bytes that the main thread of the process allocates on its heap during `work`. */
export async function allocatedDuring(
  { stderr, signal }: Pick<RunningProcess, 'stderr' | 'signal'>,
  work: () => Promise<unknown>,
): Promise<number> {
  const from = stderr.length;
  signal('SIGUSR2');
  await work();
  signal('SIGUSR2');
  const told = () => stderr.slice(from).flatMap((line) => /^allocated (\d+)$/.exec(line)?.[1] ?? [])[0];
  return Number(await eventually('the probe to tell', told));
}
