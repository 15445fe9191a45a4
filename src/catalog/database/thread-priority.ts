// The place of a catalog's background thread among the threads of its machine. Only for threads that nothing decides in.

import { readlinkSync } from 'node:fs';
import { constants, getPriority, setPriority } from 'node:os';
import { basename } from 'node:path';

/** How much nicer (setpriority(2)) threads in the background are than the others of their process: about a third of the processor time of a thread that decides, where they compete. */
export const BACKGROUND_NICE = 5;

/**
 * Puts the calling thread behind those that decide: a million rows that arrive or leave must not take their processor. Linux counts a nice value
 * for each thread; where that is not so, or not allowed, the thread stays where it is, which only costs time.
 */
export function giveWayToDecisions(): void {
  try {
    const thread = Number(basename(readlinkSync('/proc/thread-self')));
    setPriority(thread, Math.min(constants.priority.PRIORITY_LOW, getPriority(thread) + BACKGROUND_NICE));
  } catch {
    // No Linux, or a sandbox.
  }
}
