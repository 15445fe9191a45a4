// `gatehouse serve`: starts the program and ends it in order at the first signal, at once at the second.

import { constants } from 'node:os';
import type { CliApp, Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { printProblems, readSettings, type SettingsOptions } from './settings-options.ts';

/** Options of `serve`. */
export interface ServeCommandOptions extends SettingsOptions {
  readonly catalogWins?: boolean;
  readonly strict?: boolean;
}

/** Serves until a signal; resolves to the exit code. */
export async function serveCommand(options: ServeCommandOptions, app: CliApp, around: Surroundings): Promise<number> {
  const settings = readSettings(options, around.env);
  if (!settings.ok) {
    printProblems(settings.problems, around.err);
    return EXIT.usage;
  }
  const { catalogWins = false, strict = false } = options;
  try {
    const running = await app.serve({ settings: settings.value, catalogWins, strict });
    await firstSignal(around);
    await running.stop();
    return EXIT.ok;
  } catch (error) {
    around.err(`gatehouse: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.fault;
  }
}

function firstSignal(around: Surroundings): Promise<void> {
  return new Promise((resolve) => {
    let stopping = false;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      around.onSignal(signal, () => {
        if (stopping) around.exit(128 + constants.signals[signal]);
        stopping = true;
        resolve();
      });
  });
}
