// Runs one command to its end and says how it went. It never throws for a command that fails or does not exist.

import { spawn } from 'node:child_process';

/** What came of a command. `code` is null when it could not be started or was killed. */
export interface CommandResult {
  readonly code: number | null;
  /** stdout and stderr as they came; empty when they were shown instead. */
  readonly output: string;
}

/** How to run it. */
export interface CommandOptions {
  /** Sends the output to our stderr, so that a user sees progress and stdout stays ours. */
  readonly show?: boolean;
  /** Put over our own environment. */
  readonly env?: NodeJS.ProcessEnv;
}

/** Runs a command and waits for its end. */
export function runCommand(
  command: string,
  args: readonly string[],
  { show = false, env = {} }: CommandOptions = {},
): Promise<CommandResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: show ? ['ignore', 2, 2] : ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...env },
    });
    let output = '';
    const collect = (chunk: Buffer) => {
      output += chunk.toString();
    };
    child.stdout?.on('data', collect);
    child.stderr?.on('data', collect);
    child.once('error', (error) => resolve({ code: null, output: error.message }));
    child.once('close', (code) => resolve({ code, output }));
  });
}
