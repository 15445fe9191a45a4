// `gatehouse km test`: has a running server look at one of its key managers, and prints what it found, one line each. A sample token
// is sent to that server alone and never printed.

import type { DiagnosisCheck } from '../admin/key-managers/diagnosis.ts';
import { isJsonObject } from '../domain/json-object.ts';
import { type AdminTarget, callAdmin, describeNoReply, describeRefusal } from './admin-client.ts';
import { type AdminOptions, adminTargetOf } from './admin-options.ts';
import type { Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';
import { readToken, type TokenOptions } from './token-options.ts';

const BASE = '/api/am/admin/v4';
const OWN = `${BASE}/key-managers`;

/** Options of `km test`. */
export interface KmTestCommandOptions extends AdminOptions, TokenOptions {
  readonly json?: boolean;
}

const MARKS: Readonly<Record<DiagnosisCheck['outcome'], string>> = {
  ok: '✓',
  warning: '!',
  failed: '✗',
  not_applicable: '–',
};

/** Asks and prints; resolves to the exit code. */
export async function kmTestCommand(
  name: string,
  options: KmTestCommandOptions,
  around: Surroundings,
): Promise<number> {
  const target = adminTargetOf(options);
  const token = await readToken(options, around);
  for (const problem of [target, token])
    if (problem instanceof Error) return complain(around, problem.message, EXIT.usage);
  if (target instanceof Error || token instanceof Error) return EXIT.usage;
  try {
    const id = await idOf(name, target);
    if (typeof id !== 'string') return complain(around, id.message, EXIT.fault);
    const body = token === undefined ? {} : { token };
    const reply = await callAdmin(target, 'POST', `${OWN}/${encodeURIComponent(id)}/test`, body);
    if (reply.status !== 200) return complain(around, describeRefusal(reply), EXIT.fault);
    const { ok, checks } = diagnosisOf(reply.body);
    around.out(options.json === true ? JSON.stringify(reply.body, null, 2) : checks.map(lineOf).join('\n'));
    return ok ? EXIT.ok : EXIT.refused;
  } catch (error) {
    return complain(around, describeNoReply(error), EXIT.fault);
  }
}

/** The id behind a name, or an id; Global key managers are looked for where the caller may see them. */
async function idOf(name: string, target: AdminTarget): Promise<string | Error> {
  const known: string[] = [];
  for (const path of [OWN, `${BASE}/global-key-managers`]) {
    const reply = await callAdmin(target, 'GET', path);
    if (path === OWN && reply.status !== 200) return new Error(describeRefusal(reply));
    const list = isJsonObject(reply.body) && Array.isArray(reply.body['list']) ? reply.body['list'] : [];
    const found = list.filter(isJsonObject);
    const one = found.find((entry) => entry['name'] === name) ?? found.find((entry) => entry['id'] === name);
    if (typeof one?.['id'] === 'string') return one['id'];
    known.push(...found.map((entry) => String(entry['name'])));
  }
  return new Error(`there is no key manager ${name}; known are ${known.join(', ') || 'none'}`);
}

function diagnosisOf(body: unknown): { readonly ok: boolean; readonly checks: readonly DiagnosisCheck[] } {
  if (!isJsonObject(body) || !Array.isArray(body['checks'])) throw new Error('the answer is none of this version');
  return { ok: body['ok'] === true, checks: body['checks'] as readonly DiagnosisCheck[] };
}

function lineOf({ check, outcome, detail, fix }: DiagnosisCheck): string {
  return `${MARKS[outcome]} ${check}: ${detail}${fix === null ? '' : `\n    ${fix}`}`;
}

function complain(around: Surroundings, message: string, code: number): number {
  around.err(`gatehouse: ${message}`);
  return code;
}
