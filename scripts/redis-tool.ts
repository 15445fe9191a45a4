// Finds redis-server, or installs it where that is possible without asking (as root, with apt). It starts nothing.

import { runCommand } from './run-command.ts';

/** A redis-server that runs, or what to do to get one. */
export type RedisTool =
  | { readonly kind: 'found'; readonly bin: string; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

const BIN = 'redis-server';
const ADVICE =
  'The tests need redis-server. Install it (Debian, Ubuntu: apt-get install redis-server; macOS: brew install redis) and run them again.';

/** redis-server of `PATH`, installed by apt first where it is missing and we are root. */
export async function findRedis(): Promise<RedisTool> {
  const present = await versionOf();
  if (present !== undefined) return { kind: 'found', bin: BIN, version: present };
  const { code: apt } = await runCommand('apt-get', ['--version']);
  if (process.getuid?.() !== 0 || apt !== 0) return { kind: 'missing', advice: ADVICE };
  console.error('Installing redis-server ...');
  await runCommand('apt-get', ['update', '-qq'], { show: true });
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', BIN], { show: true });
  const installed = await versionOf();
  return installed === undefined
    ? { kind: 'missing', advice: `apt-get could not install redis-server (its message is above). ${ADVICE}` }
    : { kind: 'found', bin: BIN, version: installed };
}

async function versionOf(): Promise<string | undefined> {
  const { code, output } = await runCommand(BIN, ['--version']);
  return code === 0 ? /v=(\S+)/.exec(output)?.[1] : undefined;
}
