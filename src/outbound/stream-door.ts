// Replies that may never end: guarded like all others, bounded in the time to the first byte and between any two, and read no faster
// than their reader takes them.

import type { Dispatcher } from 'undici';
import type { OpenOutboundStream, OutboundRequest } from '../domain/outbound.ts';
import { passedOn } from './passed-on.ts';
import { problemOf } from './problem/outbound-problem.ts';

/** What streams are opened with. */
export interface StreamDoorOptions {
  /** Throws an `OutboundError` for a URL that may not be asked. */
  readonly dispatcherFor: (url: URL, keyManager: OutboundRequest['keyManager']) => Dispatcher;
}

const OK = 200;
/** A longer answer that nobody reads costs the connection. */
const MAX_DUMPED_BYTES = 65_536;

/** Returns how to open a stream. */
export function streamOpener({ dispatcherFor }: StreamDoorOptions): OpenOutboundStream {
  return async (request, signal) => {
    try {
      const url = new URL(request.url);
      const { idleMs } = request;
      const reply = await dispatcherFor(url, request.to).request({
        origin: url.origin,
        path: `${url.pathname}${url.search}`,
        method: request.method,
        headers: passedOn(request.headers),
        body: request.body ?? null,
        headersTimeout: idleMs,
        bodyTimeout: idleMs,
        signal,
      });
      const { statusCode: status, body } = reply;
      // Of other answers only the status counts.
      if (status !== OK) {
        await body.dump({ limit: MAX_DUMPED_BYTES });
        return { status, body: nothing() };
      }
      return { status, body: told(body) };
    } catch (error) {
      return { problem: problemOf(error) };
    }
  };
}

/** Its errors are told as problems, not as what the connection said. */
async function* told(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    throw new Error(problemOf(error));
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {}
