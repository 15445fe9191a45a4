// One worker as a child process: how it is forked, what it is told, and its log, whole line by whole line.

import { fork } from 'node:child_process';
import type { LogSink } from '../../telemetry/log-sink.ts';
import { NODE_FLAGS } from './node-flags.ts';
import { passLines } from './pass-lines.ts';
import type { FromWorker, ToWorker } from './worker-message.ts';

/** A running worker. */
export interface ForkedWorker {
  /** Best effort: one that is gone has no use for it. */
  readonly send: (message: ToWorker) => void;
  readonly kill: () => void;
}

/** What is heard of it. */
export interface WorkerListener {
  readonly message: (message: FromWorker) => void;
  /** The end of the process, with how it ended: `exit code 1`, `signal SIGKILL`, or why there never was one. */
  readonly ended: (how: string) => void;
}

/** Flags that open a port, which only one process can have. */
const INSPECT = /^--inspect/;

/** Forks one. Its number is an argument only so that `ps` shows it. */
export function forkWorker(worker: number, sink: Pick<LogSink, 'write'>, heard: WorkerListener): ForkedWorker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(new URL(`./worker-process.${extension}`, import.meta.url), ['worker', String(worker)], {
    // A pipe has room for a part of a line, and others write between the parts: so one process writes for all.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    serialization: 'advanced',
    // What this process was started with comes last, so it rules.
    execArgv: [...NODE_FLAGS, ...process.execArgv.filter((flag) => !INSPECT.test(flag))],
  });
  let isOver = false;
  const end = (how: string) => {
    if (!isOver) heard.ended(how);
    isOver = true;
  };
  // Without a process there are no pipes either.
  if (child.pid !== undefined && child.stdout !== null) passLines(child.stdout, sink);
  child.on('message', (message) => heard.message(message as FromWorker));
  // Not at its exit: what it said last, and its last lines, may still be on the way then.
  child.on('close', (code, signal) => end(signal === null ? `exit code ${code}` : `signal ${signal}`));
  // Also where a message cannot be sent any more; only one that was never there has no end of its own.
  child.on('error', (error) => {
    if (child.pid === undefined) end(error.message);
  });
  return {
    send: (message) => {
      if (child.connected) child.send(message, () => undefined);
    },
    kill: () => {
      child.kill('SIGKILL');
    },
  };
}
