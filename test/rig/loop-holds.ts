// How long a process holds its event loop, seen from outside of its code, so that a test can tell one phase from another (the
// program's own metric knows only its last minute) and the program from the machine that it shares.

/** The longest holds of a phase, in milliseconds. */
export interface LoopHolds {
  /** As whoever waits for the loop sees it. */
  readonly held: number;
  /** Without garbage collection. */
  readonly withoutGc: number;
  /** Without garbage collection and without waiting for a processor; blocking calls are not in it either. */
  readonly cpuWithoutGc: number;
}

const MARK = 'loop-holds ';

/** The environment of a Node process that is to tell. */
export const TELLS_LOOP_HOLDS: NodeJS.ProcessEnv = {
  NODE_OPTIONS: `--import=${new URL('./loop-holds-probe.ts', import.meta.url).href}`,
};

/** The longest holds among those told in these lines of stderr. */
export function longestHolds(stderr: readonly string[]): LoopHolds {
  const told = stderr
    .filter((line) => line.startsWith(MARK))
    .map((line) => JSON.parse(line.slice(MARK.length)) as LoopHolds);
  const longest = (of: keyof LoopHolds) => Math.round(Math.max(0, ...told.map((holds) => holds[of])) * 10) / 10;
  return { held: longest('held'), withoutGc: longest('withoutGc'), cpuWithoutGc: longest('cpuWithoutGc') };
}
