// Starts a TypeScript program of the tests with this Node and listens to its lines.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';

/** A running program; `lines` grows as it prints. */
export interface ChildProgram {
  readonly lines: string[];
  /** Resolves with the first line, rejects when it ends without one. */
  readonly firstLine: Promise<string>;
  /** Resolves when it has printed so many lines, rejects when it ends before. */
  said(count: number): Promise<void>;
  /** kill -9; resolves when it is gone and all that it printed has been read. */
  kill(): Promise<void>;
}

/** Starts `name` of this folder; it is killed when the test is over at the latest. */
export function startProgram(name: string, ...args: string[]): ChildProgram {
  const file = fileURLToPath(new URL(name, import.meta.url));
  const child: ChildProcess = spawn(process.execPath, [file, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout ?? process.stdin });
  const ended = Promise.all([once(child, 'exit'), once(reader, 'close')]);
  const firstLine = new Promise<string>((resolve, reject) => {
    reader.on('line', (line) => {
      lines.push(line);
      resolve(line);
    });
    reader.once('close', () => reject(new Error(`${name} ended without a word`)));
  });
  const said = (count: number) =>
    new Promise<void>((resolve, reject) => {
      const look = () => lines.length >= count && resolve();
      reader.on('line', look).once('close', () => reject(new Error(`${name} ended after ${lines.length} lines`)));
      look();
    });
  const kill = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  onTestFinished(kill);
  return { lines, firstLine, said, kill };
}
