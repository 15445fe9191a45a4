// Where log lines go. A reader that stops reading must never stop a decision or the exit: what does not fit is dropped and counted.

import { createWriteStream, fstatSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';

/** Some ten thousand records: enough for a reader's hiccup, too little to matter to a container's memory. */
const MAX_BUFFERED_BYTES = 8 * 1024 * 1024;
/** Lines are handed on together: each system call costs as much as making some ten lines, and wakes the reader up. */
const GATHER_MS = 10;
/** Half of what a pipe of Linux holds, so that there is room while its reader catches up. */
const GATHER_BYTES = 32 * 1024;
/** A disk that was full is noticed to have room again soon, and a full one is not asked for every line. */
const RETRY_MS = 1000;

/** A destination for lines of text. */
export interface LogSink {
  write(line: string): void;
  /** Lines dropped so far because the reader was too slow or gone, or could not be written. */
  dropped(): number;
  /** Waits until all is written, but not longer than this. */
  flush(timeoutMs: number): Promise<void>;
}

/**
 * A sink for an open file descriptor: a pipe, socket, terminal or file. A file or terminal that fails (a full disk) is tried again
 * after `retryMs`; a pipe or socket whose reader is gone stays so, for its descriptor is closed then.
 */
export function openLogSink(fd: number, retryMs = RETRY_MS): LogSink {
  const kind = fstatSync(fd);
  // `process.stdout` writes to pipes synchronously, and a pool thread stuck in such a write would hang the exit; a socket does neither.
  if (kind.isFIFO() || kind.isSocket())
    return sinkFor(() => new Socket({ fd, readable: false, writable: true }).unref(), undefined);
  return sinkFor(() => createWriteStream('', { fd, autoClose: false }), retryMs);
}

function sinkFor(open: () => Writable, retryMs: number | undefined): LogSink {
  let dropped = 0;
  /** Lines since the last write. */
  let pending = '';
  let pendingLines = 0;
  let timer: NodeJS.Timeout | undefined;
  let stream: Writable | undefined = watched(open());

  function watched(opened: Writable): Writable {
    return opened.on('error', () => {
      if (stream !== opened) return;
      stream = undefined;
      if (retryMs !== undefined) setTimeout(reopen, retryMs).unref();
    });
  }
  function reopen(): void {
    stream = watched(open());
    // The failed write may have ended within a line.
    stream.write('\n');
  }
  function writePending(): void {
    clearTimeout(timer);
    timer = undefined;
    if (pendingLines === 0) return;
    const lines = pendingLines;
    const text = pending;
    pending = '';
    pendingLines = 0;
    if (stream === undefined) dropped += lines;
    else
      stream.write(text, (error) => {
        if (error) dropped += lines;
      });
  }
  return {
    write(line) {
      if (stream === undefined || stream.writableLength + pending.length > MAX_BUFFERED_BYTES) {
        dropped += 1;
        return;
      }
      pending += line;
      pendingLines += 1;
      if (pending.length >= GATHER_BYTES) writePending();
      else timer ??= setTimeout(writePending, GATHER_MS);
    },
    dropped: () => dropped,
    async flush(timeoutMs) {
      writePending();
      const written = new Promise<void>((resolve) => {
        if (stream === undefined) resolve();
        else stream.write('', () => resolve());
      });
      await Promise.race([written, delay(timeoutMs, undefined, { ref: true })]);
    },
  };
}
