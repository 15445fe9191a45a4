// The options that a token comes by: a file or standard input, never the command line itself, which other users of a machine can read.

import { readFileSync } from 'node:fs';
import { Option } from 'commander';
import type { Surroundings } from './cli-app.ts';

/** The options as commander gives them. */
export interface TokenOptions {
  readonly tokenFile?: string;
  readonly tokenStdin?: boolean;
}

/** `--token-file`. */
export function tokenFileOption(): Option {
  return new Option('--token-file <file>', 'file that holds the bearer token');
}

/** `--token-stdin`. */
export function tokenStdinOption(): Option {
  return new Option('--token-stdin', 'read the bearer token from standard input');
}

/** The token, undefined where none is to be sent, or what is wrong. */
export async function readToken(
  { tokenFile, tokenStdin }: TokenOptions,
  around: Pick<Surroundings, 'readStdin'>,
): Promise<string | Error | undefined> {
  if (tokenFile !== undefined && tokenStdin === true) return new Error('give --token-file or --token-stdin, not both');
  if (tokenStdin === true) return (await around.readStdin()).trim();
  return tokenFile === undefined ? undefined : readSecretFile('--token-file', tokenFile);
}

/** What to say of a file that the system does not give out, by its error code. */
const FILE_PROBLEMS: Readonly<Record<string, string>> = {
  ENOENT: 'does not exist',
  EISDIR: 'is a directory; name the file that holds the token',
  EACCES: 'may not be read by this user',
};

/** The content of a file, or what is wrong with it. */
export function readSecretFile(option: string, path: string): string | Error {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    return new Error(`${option} ${path} ${FILE_PROBLEMS[code] ?? `cannot be read (${code})`}`);
  }
}
