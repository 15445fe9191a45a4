// The demo without an Envoy: its API requests are asked through `gatehouse check`, which is what Envoy would ask.

import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { runCommand } from '../scripts/run-command.ts';
import { MAIN } from '../test/rig/gatehouse-process.ts';
import type { DemoCall, DemoCase } from './demo-cases.ts';
import { curlLine, type Send, sendHttp } from './perform.ts';

/** The part of `check --json` that is read here. */
interface CheckReport {
  readonly outcome: string;
  readonly httpStatus?: number;
  readonly body: string;
  /** For the upstream when allowed. */
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/** Asks the Gatehouse on this port; token files go below `state`. */
export function sendCheckTo(port: number, state: string): Send {
  return async (call) => {
    if (call.side === 'admin') return sendHttp(call);
    const { output } = await runCommand(process.execPath, [MAIN, ...checkArguments(call, port, state), '--json']);
    const { outcome, httpStatus = 0, body, headers } = JSON.parse(output) as CheckReport;
    return outcome === 'allow' ? { status: 200, body: JSON.stringify({ headers }) } : { status: httpStatus, body };
  };
}

/** A case as one line for a shell in the project's folder. */
export function checkLine({ title, calls }: DemoCase, port: number, state: string): string {
  const main = relative(process.cwd(), MAIN);
  return calls
    .map((call) =>
      call.side === 'admin'
        ? curlLine({ title, calls: [call] })
        : ['npx node', main, ...checkArguments(call, port, state)].join(' '),
    )
    .join('; echo; ');
}

function checkArguments({ method, url, token }: DemoCall, port: number, state: string): string[] {
  const tokenFile = token === undefined ? [] : ['--token-file', writeToken(token, join(state, 'tokens'))];
  return ['check', method, url, '--target', `127.0.0.1:${port}`, ...tokenFile];
}

function writeToken(token: string, folder: string): string {
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${createHash('sha256').update(token).digest('hex').slice(0, 12)}.token`);
  writeFileSync(file, token, { mode: 0o600 });
  return file;
}
