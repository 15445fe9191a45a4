// The admin side over a real catalog, wired as the program wires it, with users who come with access tokens.

import { onTestFinished } from 'vitest';
import type { AdminOptions } from '../../../src/admin/start-admin.ts';
import { adminEntities } from '../../../src/app/admin-side/admin-entities.ts';
import { adminKeyManagers } from '../../../src/app/admin-side/admin-key-managers.ts';
import { BUILT_IN_TYPES } from '../../../src/keymanagers/types.ts';
import { openTemporary } from '../catalog/temporary-catalog.ts';
import { type AdminRig, startRig, TOKENS } from './admin-rig.ts';

const NO_CHECKS = { urlProblem: () => undefined, pemProblem: () => undefined };

/** Access tokens of users: what they may do, and as whom. */
export const USERS = {
  ann: { token: 'e30.e30.YW5u', scopes: ['apim:subscribe'], roles: ['partner'], organization: 'carbon.super' },
  bob: {
    token: 'e30.e30.Ym9i',
    scopes: ['apim:app_manage', 'apim:sub_manage'],
    roles: [],
    organization: 'carbon.super',
  },
  eve: { token: 'e30.e30.ZXZl', scopes: ['apim:subscribe'], roles: ['partner'], organization: 'other.example' },
  creator: { token: 'e30.e30.Y3Jl', scopes: ['apim:api_create'], roles: [], organization: 'carbon.super' },
} as const;

/** What was answered. */
export interface Reply {
  readonly status: number;
  readonly etag: string | null;
  readonly location: string | null;
  // biome-ignore lint/suspicious/noExplicitAny: bodies of many forms, looked at by matchers
  readonly body: any;
}

/** A call; the token is an admin's unless one is given. */
export type Call = (
  method: string,
  path: string,
  body?: unknown,
  options?: { readonly token?: string; readonly headers?: Readonly<Record<string, string>> },
) => Promise<Reply>;

/** The rig for the length of a test. */
export async function startCatalogRig(options: Partial<AdminOptions> = {}): Promise<{ rig: AdminRig; call: Call }> {
  const catalog = await openTemporary();
  const rig = await startRig({
    entities: adminEntities(catalog),
    keyManagers: adminKeyManagers(catalog, { types: BUILT_IN_TYPES, checks: NO_CHECKS }, async () => undefined),
    proveCaller: async (bearer) => {
      const found = Object.entries(USERS).find(([, { token }]) => token === bearer);
      return found && { name: found[0], ...found[1] };
    },
    ...options,
  });
  onTestFinished(() => rig.stop());
  const call: Call = async (method, path, body, { token = TOKENS.all, headers = {} } = {}) => {
    const reply = await fetch(`${rig.url}${path}`, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await reply.text();
    const { status, headers: told } = reply;
    return {
      status,
      etag: told.get('etag'),
      location: told.get('location'),
      body: text === '' ? undefined : JSON.parse(text),
    };
  };
  return { rig, call };
}
