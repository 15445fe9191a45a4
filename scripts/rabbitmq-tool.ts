// Finds RabbitMQ, or installs it where that is possible without asking (as root, with apt). It starts nothing: the server that comes with
// the package is kept from starting too.

import { existsSync } from 'node:fs';
import { runCommand } from './run-command.ts';

/** A RabbitMQ that can be started, or what to do to get one. */
export type RabbitMqTool =
  | { readonly kind: 'found'; readonly bin: string }
  | { readonly kind: 'missing'; readonly advice: string };

/** The server itself; the program of this name in `PATH` changes the user and starts the machine's own. */
const BIN = '/usr/lib/rabbitmq/bin/rabbitmq-server';
const ADVICE =
  'These tests need RabbitMQ. Install it (Debian, Ubuntu: apt-get install rabbitmq-server) and run them again.';

/** RabbitMQ of Debian's package, installed by apt first where it is missing and we are root. */
export async function findRabbitMq(): Promise<RabbitMqTool> {
  if (existsSync(BIN)) return { kind: 'found', bin: BIN };
  const { code: apt } = await runCommand('apt-get', ['--version']);
  if (process.getuid?.() !== 0 || apt !== 0) return { kind: 'missing', advice: ADVICE };
  console.error('Installing rabbitmq-server ...');
  // Without a run level nothing of what is installed is started (invoke-rc.d).
  const quietly = { show: true, env: { RUNLEVEL: '1', DEBIAN_FRONTEND: 'noninteractive' } };
  await runCommand('apt-get', ['update', '-qq'], quietly);
  await runCommand('apt-get', ['install', '-y', '-qq', '--no-install-recommends', 'rabbitmq-server'], quietly);
  return existsSync(BIN)
    ? { kind: 'found', bin: BIN }
    : { kind: 'missing', advice: `apt-get could not install rabbitmq-server (its message is above). ${ADVICE}` };
}
