// `gatehouse keys rotate`: has a running server make a new key for the backend JWT. Nothing secret comes back.

import { isJsonObject } from '../domain/json-object.ts';
import { callAdmin } from './admin-client.ts';
import { type AdminOptions, adminTargetOf } from './admin-options.ts';
import type { Surroundings } from './cli-app.ts';
import { EXIT } from './exit-codes.ts';

/** Rotates and prints the new key's id; resolves to the exit code. */
export async function keysRotateCommand(options: AdminOptions, around: Surroundings): Promise<number> {
  const complain = (message: string, code: number) => {
    around.err(`gatehouse: ${message}`);
    return code;
  };
  const target = adminTargetOf(options);
  if (target instanceof Error) return complain(target.message, EXIT.usage);
  try {
    const { status, body } = await callAdmin(target, 'POST', '/backend-jwt-keys');
    const said = isJsonObject(body) ? body : {};
    if (status !== 201)
      return complain(`the admin side answers with status ${status}: ${String(said['description'] ?? '')}`, EXIT.fault);
    around.out(`${String(said['kid'])} signs from now on (${String(said['algorithm'])})`);
    return EXIT.ok;
  } catch (error) {
    const why = error instanceof Error ? error.message || String((error as NodeJS.ErrnoException).code) : String(error);
    return complain(`no answer from the admin side: ${why}. Is it serving? See --admin and --admin-ca.`, EXIT.fault);
  }
}
