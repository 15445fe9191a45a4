// The options that name the admin side of a running server, for every command that calls it.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { AdminTarget } from './admin-client.ts';
import { readSecretFile } from './token-options.ts';

const DEFAULT_ADMIN = 'http://127.0.0.1:9443';
const DEFAULT_TOKEN_FILE = 'data/admin-token';
/** A test of a key manager waits for servers that hang. */
const DEFAULT_TIMEOUT_MS = 30_000;

/** The options as commander gives them. */
export interface AdminOptions {
  readonly admin: URL;
  readonly adminTokenFile: string;
  readonly adminCa?: string;
  readonly timeout: number;
}

/** Adds the options to a command. */
export function withAdminOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--admin <url>', 'URL of the admin side')
        .argParser(parseUrl)
        .default(parseUrl(DEFAULT_ADMIN), DEFAULT_ADMIN),
    )
    .option('--admin-token-file <file>', 'file that holds a token of the admin side', DEFAULT_TOKEN_FILE)
    .option('--admin-ca <file>', 'PEM authorities of the admin side’s certificate')
    .option('--timeout <ms>', 'longest wait in milliseconds', parseTimeout, DEFAULT_TIMEOUT_MS);
}

/** The admin side that the options name, or what is wrong with them. */
export function adminTargetOf({ admin, adminTokenFile, adminCa, timeout }: AdminOptions): AdminTarget | Error {
  const token = readSecretFile('--admin-token-file', adminTokenFile);
  if (token instanceof Error) return token;
  const ca = adminCa === undefined ? undefined : readSecretFile('--admin-ca', adminCa);
  if (ca instanceof Error) return ca;
  return { url: admin, token, ca, timeoutMs: timeout };
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new InvalidArgumentError('Write https://host:port.');
  return url;
}

function parseTimeout(text: string): number {
  const milliseconds = Number(text);
  if (!Number.isInteger(milliseconds) || milliseconds < 1)
    throw new InvalidArgumentError('Write milliseconds above 0.');
  return milliseconds;
}
