// `gatehouse sync`: asks a running server how its copy of the catalog stands, or has it take a copy that it holds back.

import { isJsonObject } from '../domain/json-object.ts';
import { type AdminTarget, callAdmin } from './admin-client.ts';
import { type AdminOptions, adminTargetOf } from './admin-options.ts';
import type { Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';

/** Options of `sync status`. */
export interface SyncStatusCommandOptions extends AdminOptions {
  readonly json?: boolean;
}

/** Prints how it stands; 0 where the copy is whole and in touch with its source, 1 where not. */
export function syncStatusCommand(options: SyncStatusCommandOptions, around: Surroundings): Promise<number> {
  return withTarget(options, around, async (target) => {
    const { status, body } = await callAdmin(target, 'GET', '/sync/status');
    if (status !== 200 || !isJsonObject(body)) return complain(around, refusal(status, body), EXIT.fault);
    around.out(options.json === true ? JSON.stringify(body, null, 2) : describeStatus(body));
    return body['state'] === 'following' && body['complete'] === true ? EXIT.ok : EXIT.refused;
  });
}

/** Has a copy taken that is held back. */
export function syncConfirmCommand(options: AdminOptions, around: Surroundings): Promise<number> {
  return withTarget(options, around, async (target) => {
    const { status, body } = await callAdmin(target, 'POST', '/sync/confirm', {});
    if (status !== 204) return complain(around, refusal(status, body), status === 409 ? EXIT.refused : EXIT.fault);
    around.out('what was held back is taken');
    return EXIT.ok;
  });
}

function describeStatus(body: Readonly<Record<string, unknown>>): string {
  const { source, state, ageSeconds, loadedRows, problem, position, lag, followers } = body;
  const sequence = isJsonObject(position) ? position['sequence'] : undefined;
  // The own catalog follows nothing, and so is never behind.
  const isAlone = source === 'alone';
  const lines = isAlone ? ['source    alone: the catalog is its own'] : [`source    ${source}`, `state     ${state}`];
  if (sequence !== undefined)
    lines.push(`sequence  ${sequence}${lag === undefined || lag === 0 ? '' : `, ${lag} behind`}`);
  if (typeof ageSeconds === 'number' && !isAlone) lines.push(`in sync   ${Math.round(ageSeconds)} s ago`);
  if (state === 'loading') lines.push(`loaded    ${loadedRows} rows`);
  if (typeof problem === 'string') lines.push(`problem   ${problem}`);
  for (const follower of Array.isArray(followers) ? followers.filter(isJsonObject) : []) {
    const at = isJsonObject(follower['position']) ? follower['position']['sequence'] : 'nothing yet';
    lines.push(`follower  ${follower['name']}: ${follower['connected'] === true ? 'connected' : 'away'}, has ${at}`);
  }
  return lines.join('\n');
}

async function withTarget(
  options: AdminOptions,
  around: Surroundings,
  run: (target: AdminTarget) => Promise<number>,
): Promise<number> {
  const target = adminTargetOf(options);
  if (target instanceof Error) return complain(around, target.message, EXIT.usage);
  try {
    return await run(target);
  } catch (error) {
    const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
    return complain(around, `no answer from the admin side: ${why}. Is it serving?`, EXIT.fault);
  }
}

function refusal(status: number, body: unknown): string {
  const said = isJsonObject(body) && typeof body['description'] === 'string' ? `: ${body['description']}` : '';
  return `the admin side answers with status ${status}${said}`;
}

function complain(around: Surroundings, message: string, code: number): number {
  around.err(`gatehouse: ${message}`);
  return code;
}
