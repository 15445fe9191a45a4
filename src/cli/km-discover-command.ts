// `gatehouse km discover`: prints a key manager made of a discovery document, as JSON that can be completed and posted. It asks from
// here, as the settings allow; nothing is written.

import type { CliApp, Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { printProblems, type SettingsOptions, settingsOf } from './settings-options.ts';

/** Options of `km discover`. */
export interface KmDiscoverCommandOptions extends SettingsOptions {
  readonly type: string;
}

/** Prints the DTO on standard output, all else on the other; resolves to the exit code. */
export async function kmDiscoverCommand(
  url: string,
  options: KmDiscoverCommandOptions,
  app: CliApp,
  around: Surroundings,
): Promise<number> {
  const settings = settingsOf(options, around.env);
  if (!settings.ok) {
    printProblems(settings.problems, around.err);
    return EXIT.usage;
  }
  const found = await app.discover(settings.value, url, options.type);
  if (found.kind === 'failed') {
    around.err(`gatehouse: ${found.reason}`);
    return EXIT.refused;
  }
  for (const warning of found.warnings) around.err(`warning: ${warning}`);
  around.out(JSON.stringify(found.dto, null, 2));
  return EXIT.ok;
}
