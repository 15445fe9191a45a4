// Tells the hub how far this follower has come. Only the latest position is told, one at a time: it is for those who wait at the
// hub, and a lost one costs them no more than that wait.

import type { SourcePosition } from '../../domain/change.ts';
import type { AskHub } from '../changes/change-ports.ts';

const TIMEOUT_MS = 5_000;

/** Returns how to report a position. */
export function positionReporter(ask: AskHub, stopped: AbortSignal): (position: SourcePosition) => void {
  let next: SourcePosition | undefined;
  let isUnderWay = false;
  const report = async () => {
    isUnderWay = true;
    while (next !== undefined && !stopped.aborted) {
      const body = JSON.stringify(next);
      next = undefined;
      const signal = AbortSignal.any([stopped, AbortSignal.timeout(TIMEOUT_MS)]);
      const reply = await ask({ method: 'POST', path: '/sync/position', body }, signal);
      if ('problem' in reply) continue;
      try {
        for await (const _ of reply.body);
      } catch {
        // It was told or it was not; the next one is.
      }
    }
    isUnderWay = false;
  };
  return (position) => {
    next = position;
    if (!isUnderWay) void report();
  };
}
