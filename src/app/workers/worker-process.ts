// The entry of a worker's process, forked by the primary: it waits for its start, listens, and ends when it is told to, or when there is no
// primary any more, so that its addresses are free for the next one.

import { type RunningWorker, serveWorker } from './serve-worker.ts';
import type { FromWorker, ToWorker, WorkerStart } from './worker-message.ts';

/** For calls in flight; no longer, since the next primary's workers want the addresses. What has not ended by then is denied by Envoy. */
const ORPHAN_GRACE_MS = 2_000;
/** Where even the end hangs. */
const ORPHAN_END_MS = 5_000;

// A terminal's Ctrl-C reaches each process of its group: the primary says what becomes of it.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

let running: Promise<RunningWorker> | undefined;
/** Until it listens: what comes meanwhile waits. */
const early: ToWorker[] = [];
let hear = (message: ToWorker): void => {
  early.push(message);
};

process.on('message', (message: ToWorker) => {
  if (message.kind === 'start') running = begin(message);
  else if (message.kind === 'drain') void end(message);
  else hear(message);
});
process.on('disconnect', () => {
  setTimeout(() => process.exit(1), ORPHAN_END_MS).unref();
  void end({ notServingMs: 0, graceMs: ORPHAN_GRACE_MS });
});
if (!process.connected) {
  process.stderr.write('gatehouse: a worker is started by its primary only (workers: 2)\n');
  process.exit(1);
}

function send(message: FromWorker): Promise<boolean> {
  return new Promise((resolve) => {
    if (!process.connected) resolve(false);
    else process.send?.(message, undefined, undefined, (error) => resolve(error === null));
  });
}

async function begin(start: WorkerStart): Promise<RunningWorker> {
  try {
    const worker = await serveWorker(start, { send });
    hear = worker.hear;
    for (const message of early.splice(0)) hear(message);
    return worker;
  } catch (error) {
    await send({ kind: 'failed', problem: error instanceof Error ? error.message : String(error) });
    process.exit(1);
  }
}

async function end(options: { readonly notServingMs: number; readonly graceMs: number }): Promise<void> {
  await (await running)?.drain(options);
  process.exit(0);
}
