// Where log lines go. A reader that stops reading must never stop a decision or the exit: what does not fit is dropped and counted.

import { createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** Some ten thousand records: enough for a reader's hiccup, too little to matter to a container's memory. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;

/** A destination for lines of text. */
export interface LogSink {
  write(line: string): void;
  /** Lines dropped so far because the reader was too slow or gone. */
  dropped(): number;
  /** Waits until all is written, but not longer than this. */
  flush(timeoutMs: number): Promise<void>;
}

/** A sink for an open file descriptor: a pipe, socket, terminal or file. */
export function openLogSink(fd: number): LogSink {
  return sinkFor(streamOf(fd));
}

function streamOf(fd: number): Writable {
  const kind = fstatSync(fd);
  // `process.stdout` writes to pipes synchronously, and a pool thread stuck in such a write would hang the exit; a socket does neither.
  if (kind.isFIFO() || kind.isSocket()) return new Socket({ fd, readable: false, writable: true }).unref();
  return createWriteStream('', { fd, autoClose: false });
}

function sinkFor(stream: Writable): LogSink {
  let dropped = 0;
  let corked = false;
  let gone = false;
  stream.on('error', () => {
    gone = true;
  });
  return {
    write(line) {
      if (gone || stream.writableLength > MAX_BUFFERED_BYTES) {
        dropped += 1;
        return;
      }
      // One system call for all lines of a turn of the event loop.
      if (!corked) {
        corked = true;
        stream.cork();
        setImmediate(() => {
          corked = false;
          stream.uncork();
        });
      }
      stream.write(line);
    },
    dropped: () => dropped,
    async flush(timeoutMs) {
      const written = new Promise<void>((resolve) => {
        if (gone) resolve();
        else stream.write('', () => resolve());
      });
      await Promise.race([written, delay(timeoutMs, undefined, { ref: true })]);
    },
  };
}
