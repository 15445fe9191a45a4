// `gatehouse serve`: starts the program and ends it in order at the first signal, at once at a later one.

import { constants } from 'node:os';
import type { CliApp, Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { printProblems, type SettingsOptions, settingsOf } from './settings-options.ts';

/**
 * Signals this soon after the first one are the same wish to leave: a terminal's Ctrl-C reaches every process of its group, and
 * npm passes its own on to us as well. Nobody presses twice as fast.
 */
const SAME_SIGNAL_MS = 300;

/** Options of `serve`. */
export interface ServeCommandOptions extends SettingsOptions {
  readonly catalogWins?: boolean;
  readonly strict?: boolean;
}

/** Serves until a signal; resolves to the exit code. `clock` gives milliseconds that never go back. */
export async function serveCommand(
  options: ServeCommandOptions,
  app: CliApp,
  around: Surroundings,
  clock: () => number,
): Promise<number> {
  const settings = settingsOf(options, around.env);
  if (!settings.ok) {
    printProblems(settings.problems, around.err);
    return EXIT.usage;
  }
  const { catalogWins = false, strict = false } = options;
  try {
    const running = await app.serve({ settings: settings.value, catalogWins, strict });
    around.onSignal('SIGHUP', () => running.restart());
    await firstSignal(around, clock);
    await running.stop();
    return EXIT.ok;
  } catch (error) {
    around.err(`gatehouse: ${error instanceof Error ? error.message : String(error)}`);
    return EXIT.fault;
  }
}

function firstSignal(around: Surroundings, clock: () => number): Promise<void> {
  return new Promise((resolve) => {
    let firstAtMs: number | undefined;
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      around.onSignal(signal, () => {
        if (firstAtMs === undefined) {
          firstAtMs = clock();
          resolve();
        } else if (clock() - firstAtMs >= SAME_SIGNAL_MS) around.exit(128 + constants.signals[signal]);
      });
  });
}
