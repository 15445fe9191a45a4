// A secret that settings name by where it is: a file, or an environment variable.

import { readFileSync } from 'node:fs';

/** Exactly one of the two. */
export interface ConfiguredSecret {
  readonly file: string | null;
  readonly env: string | null;
}

/** The text. Throws with a sentence that begins with `what`, and without the text. */
export function readConfiguredSecret(
  what: string,
  { file, env }: ConfiguredSecret,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  if (file === null) {
    const text = environment[env ?? ''];
    if (text === undefined) throw new Error(`${what} is not there: the variable ${env} is not set`);
    return text;
  }
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`${what} cannot be read from ${file} (${(error as NodeJS.ErrnoException).code})`);
  }
}
