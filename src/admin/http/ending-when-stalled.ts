// An answer that nobody takes is ended: it keeps a read of the catalog open, and with it the room of all that is written meanwhile.

/** No part of an answer waits longer for who reads it. */
export const STALLED_AFTER_MS = 60_000;

/** The parts; `end` is called, once, when the next is not asked for within `stalledAfterMs`. */
export async function* endingWhenStalled(
  parts: AsyncIterable<string>,
  end: () => void,
  stalledAfterMs: number = STALLED_AFTER_MS,
): AsyncGenerator<string> {
  for await (const part of parts) {
    const timer = setTimeout(end, stalledAfterMs);
    timer.unref();
    try {
      yield part;
    } finally {
      clearTimeout(timer);
    }
  }
}
