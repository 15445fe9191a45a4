// `gatehouse backup` and `gatehouse restore`: a copy of the catalog's database, made while it is in use, and put in its place while it
// is not. Secrets stay sealed in it.

import type { CliApp, CopyOutcome, Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { printProblems, type SettingsOptions, settingsOf } from './settings-options.ts';

/** Writes a copy; resolves to the exit code. */
export function backupCommand(copy: string, options: SettingsOptions, app: CliApp, around: Surroundings) {
  return run(options, around, (settings) => app.backupCatalog(settings, copy));
}

/** Puts a copy in the place of the catalog; resolves to the exit code. */
export function restoreCommand(copy: string, options: SettingsOptions, app: CliApp, around: Surroundings) {
  return run(options, around, (settings) => app.restoreCatalog(settings, copy));
}

async function run(
  options: SettingsOptions,
  around: Surroundings,
  work: (settings: Parameters<CliApp['backupCatalog']>[0]) => Promise<CopyOutcome>,
): Promise<number> {
  const settings = settingsOf(options, around.env);
  if (!settings.ok) {
    printProblems(settings.problems, around.err);
    return EXIT.refused;
  }
  const outcome = await work(settings.value);
  if (outcome.kind === 'done') {
    for (const line of outcome.told) around.out(line);
    return EXIT.ok;
  }
  around.err(`gatehouse: ${outcome.problem}`);
  return EXIT.refused;
}
