// A child process under our thumb: its output by line, a wait for what it says, an end that is certain. Ends only what it started.

import { type ChildProcess, spawn } from 'node:child_process';
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';

/** How long a process may take to end by itself after SIGTERM, in milliseconds; a busy machine may let it wait. */
const STOP_GRACE_MS = 30_000;

/** How to start it. */
export interface ProcessOptions {
  readonly command: string;
  readonly args: readonly string[];
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Numeric user to run as; needs root. */
  readonly uid?: number;
  /** It is a script that starts the real one: signals go to all of its process group. */
  readonly group?: boolean;
  /** A file that gets all its output too, as it comes; its folder must exist. */
  readonly logFile?: string | undefined;
}

/** A started process. */
export interface RunningProcess {
  readonly pid: number;
  /** Lines written so far, in order. */
  readonly stdout: readonly string[];
  readonly stderr: readonly string[];
  /** Exit code, or null when a signal ended it. */
  readonly exited: Promise<number | null>;
  /** Sends a signal; false when it has already ended. */
  signal(signal: NodeJS.Signals): boolean;
  /** SIGTERM, then SIGKILL where that is not heeded. Resolves when it is gone. */
  stop(graceMs?: number): Promise<number | null>;
}

/** Starts a process. It does not outlive this one, other than by SIGKILL. */
export async function startProcess(options: ProcessOptions): Promise<RunningProcess> {
  const { command, args, cwd, env, uid, group = false, logFile } = options;
  const child = spawn(command, args, { cwd, env, uid, detached: group, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill: Kill = (signal) => (group ? killGroup(child, signal) : child.kill(signal));
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error) => reject(new Error(`cannot start ${command}: ${error.message}`)));
  });
  const killWithUs = () => kill('SIGKILL');
  process.once('exit', killWithUs);
  if (logFile !== undefined)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => appendFileSync(logFile, chunk, { mode: 0o600 }));
  exited.then(() => process.off('exit', killWithUs));
  return {
    pid: child.pid ?? -1,
    stdout: linesOf(child.stdout),
    stderr: linesOf(child.stderr),
    exited,
    signal: kill,
    stop: (graceMs = STOP_GRACE_MS) => stop(kill, exited, graceMs),
  };
}

/** What was waited for, or else what was started for it is ended first. */
export async function endIfInVain<T>(awaited: Promise<T>, end: () => unknown): Promise<T> {
  try {
    return await awaited;
  } catch (error) {
    await end();
    throw error;
  }
}

type Kill = (signal: NodeJS.Signals) => boolean;

function killGroup({ pid }: ChildProcess, signal: NodeJS.Signals): boolean {
  try {
    return pid !== undefined && process.kill(-pid, signal);
  } catch {
    // ESRCH: all of them have ended.
    return false;
  }
}

async function stop(kill: Kill, exited: Promise<number | null>, graceMs: number): Promise<number | null> {
  kill('SIGTERM');
  kill('SIGCONT');
  const timer = setTimeout(() => kill('SIGKILL'), graceMs);
  try {
    return await exited;
  } finally {
    clearTimeout(timer);
  }
}

function linesOf(stream: NodeJS.ReadableStream): string[] {
  const lines: string[] = [];
  createInterface({ input: stream }).on('line', (line) => lines.push(line));
  return lines;
}
