// Measures how long the event loop was held up, by how late a short timer comes.

/** Holds shorter than this go unseen; more wake-ups would cost more than they tell. */
const LOOP_TICK_MS = 5;

/** A running measurement. */
export interface LoopDelay {
  /** The longest since the last call; a hold whose tick is still to come counts now, and in full once it has come. */
  readonly takeMaxSeconds: () => number;
  readonly stop: () => void;
}

/** Node's own histogram forgets its last tick when it is reset, and with it a hold that the flush comes right after. */
export function startLoopDelay(): LoopDelay {
  let lastMs = performance.now();
  let maxMs = 0;
  const late = (nowMs: number) => Math.max(maxMs, nowMs - lastMs - LOOP_TICK_MS);
  const timer = setInterval(() => {
    const nowMs = performance.now();
    maxMs = late(nowMs);
    lastMs = nowMs;
  }, LOOP_TICK_MS).unref();
  return {
    takeMaxSeconds() {
      const seconds = late(performance.now()) / 1000;
      maxMs = 0;
      return seconds;
    },
    stop: () => clearInterval(timer),
  };
}
