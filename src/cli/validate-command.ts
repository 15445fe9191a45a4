// `gatehouse validate`: reads settings and catalog as boot would, without listening, and tells everything that is wrong at once.

import type { CliApp, Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { printProblems, type SettingsOptions, settingsOf } from './settings-options.ts';

/** Prints problems and warnings; resolves to the exit code. */
export async function validateCommand(options: SettingsOptions, app: CliApp, around: Surroundings): Promise<number> {
  const settings = settingsOf(options, around.env);
  if (!settings.ok) {
    printProblems(settings.problems, around.err);
    return EXIT.refused;
  }
  const { problems, warnings } = await app.validateCatalog(settings.value);
  printProblems(warnings, (text) => around.out(`warning: ${text}`));
  printProblems(problems, around.err);
  if (problems.length > 0) return EXIT.refused;
  const { catalogFile } = settings.value;
  around.out(catalogFile === null ? 'The settings are valid.' : `The settings and ${catalogFile} are valid.`);
  return EXIT.ok;
}
