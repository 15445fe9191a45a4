// Runs the command line inside the test process, with everything it says and asks for in plain sight.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { CliApp, RunningApp, ServeOptions } from '../../../src/cli/cli-app.ts';
import { runCommandLine } from '../../../src/cli/command-line.ts';

/** What a run did. */
export interface CliRun {
  readonly out: string[];
  readonly err: string[];
  readonly served: ServeOptions[];
  /** Exit codes that were asked for without waiting. */
  readonly exits: number[];
  readonly code: Promise<number>;
  signal(name: NodeJS.Signals): void;
}

/** The surroundings of a run. */
export interface CliRunOptions {
  readonly app?: Partial<CliApp>;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
}

const RUNNING: RunningApp = { addresses: { extauthz: [], admin: '' }, restart: () => {}, stop: async () => {} };

/** Starts a command. */
export function runCli(args: readonly string[], { app = {}, env = {}, stdin = '' }: CliRunOptions = {}): CliRun {
  const out: string[] = [];
  const err: string[] = [];
  const served: ServeOptions[] = [];
  const exits: number[] = [];
  const listeners = new Map<string, () => void>();
  const whole: CliApp = {
    serve: async (options) => {
      served.push(options);
      return RUNNING;
    },
    validateCatalog: async () => ({ problems: [], warnings: [] }),
    backupCatalog: async () => ({ kind: 'done', told: [] }),
    restoreCatalog: async () => ({ kind: 'done', told: [] }),
    discover: async () => ({ kind: 'failed', reason: 'nothing is there' }),
    ...app,
  };
  const code = runCommandLine(args, async () => whole, {
    env,
    out: (text) => out.push(text),
    err: (text) => err.push(text),
    readStdin: async () => stdin,
    onSignal: (name, listener) => listeners.set(name, listener),
    exit: (status) => exits.push(status),
  });
  return { out, err, served, exits, code, signal: (name) => listeners.get(name)?.() };
}

/** A folder that is gone when the running test has ended. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'gatehouse-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
