// The options that name a running server, for every command that asks one.

import { type Command, InvalidArgumentError, Option } from 'commander';
import type { CheckTarget } from '../extauthz/check-client.ts';

const DEFAULT_TARGET = '127.0.0.1:9191';
const DEFAULT_TIMEOUT_MS = 5000;

/** The options as commander gives them. */
export interface TargetOptions {
  readonly target: CheckTarget;
  readonly timeout: number;
  readonly tls?: boolean;
  readonly tlsCa?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsServerName?: string;
}

/** Adds the options to a command. */
export function withTargetOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--target <address>', 'host:port or unix:/path of the server')
        .argParser(parseTarget)
        .default(parseTarget(DEFAULT_TARGET), DEFAULT_TARGET),
    )
    .option('--timeout <ms>', 'longest wait in milliseconds', parseTimeout, DEFAULT_TIMEOUT_MS)
    .option('--tls', 'the server speaks TLS (implied by the options below)')
    .option('--tls-ca <file>', 'PEM authorities of the server certificate')
    .option('--tls-cert <file>', 'PEM client certificate')
    .option('--tls-key <file>', 'PEM key of the client certificate')
    .option('--tls-server-name <name>', 'name to expect in the server certificate');
}

/** The server that the options name. */
export function targetOf(options: TargetOptions): CheckTarget {
  const { target, tls, tlsCa, tlsCert, tlsKey, tlsServerName } = options;
  const plain = [tls, tlsCa, tlsCert, tlsKey, tlsServerName].every((option) => option === undefined);
  if (target.kind === 'unix' || plain) return target;
  return { ...target, tls: { caFile: tlsCa, certificateFile: tlsCert, keyFile: tlsKey, serverName: tlsServerName } };
}

function parseTarget(text: string): CheckTarget {
  if (/^unix:./.test(text)) return { kind: 'unix', path: text.slice('unix:'.length) };
  const match = /^(?:tcp:\/\/)?(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined) throw new InvalidArgumentError('Write host:port, [::1]:port or unix:/path.');
  return { kind: 'tcp', host, port: Number(match?.[3]) };
}

function parseTimeout(text: string): number {
  const milliseconds = Number(text);
  if (!Number.isInteger(milliseconds) || milliseconds < 1)
    throw new InvalidArgumentError('Write milliseconds above 0.');
  return milliseconds;
}
