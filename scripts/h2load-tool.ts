// Finds h2load, or installs it where that is possible without asking (as root, with apt). It makes no load.

import { runCommand } from './run-command.ts';

/** An h2load that runs, or what to do to get one. */
export type H2loadTool =
  | { readonly kind: 'found'; readonly bin: string; readonly version: string }
  | { readonly kind: 'missing'; readonly advice: string };

const BIN = 'h2load';
const PACKAGE = 'nghttp2-client';
const ADVICE = `The bench is best with h2load. Install it (Debian, Ubuntu: apt-get install ${PACKAGE}; macOS: brew install nghttp2).`;

/** h2load of `PATH`, installed by apt first where it is missing and we are root. */
export async function findH2load(): Promise<H2loadTool> {
  const present = await versionOf();
  if (present !== undefined) return { kind: 'found', bin: BIN, version: present };
  const { code: apt } = await runCommand('apt-get', ['--version']);
  if (process.getuid?.() !== 0 || apt !== 0) return { kind: 'missing', advice: ADVICE };
  console.error(`Installing ${PACKAGE} ...`);
  await runCommand('apt-get', ['update', '-qq'], { show: true });
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', PACKAGE], { show: true });
  const installed = await versionOf();
  return installed === undefined
    ? { kind: 'missing', advice: `apt-get could not install ${PACKAGE} (its message is above). ${ADVICE}` }
    : { kind: 'found', bin: BIN, version: installed };
}

async function versionOf(): Promise<string | undefined> {
  const { code, output } = await runCommand(BIN, ['--version']);
  return code === 0 ? /nghttp2\/(\S+)/.exec(output)?.[1] : undefined;
}
