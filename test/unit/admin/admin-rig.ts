// A real admin server on a free loopback port with key managers in memory, for the tests of this folder.

import { createHash } from 'node:crypto';
import type { AdminCredential } from '../../../src/admin/admin-caller.ts';
import type { KeyManagerStore } from '../../../src/admin/key-manager-store.ts';
import { type AdminOptions, type AdminServer, startAdmin } from '../../../src/admin/start-admin.ts';
import type { ProvedAdmin } from '../../../src/authorize/prove-admin.ts';
import type { AuditEntry } from '../../../src/domain/audit.ts';
import type { StoredKeyManager } from '../../../src/domain/key-manager-dto.ts';

/** Tokens of the rig's credentials; each has the right of its name, `other` has all rights in another organization. */
export const TOKENS = {
  all: 'token-all',
  read: 'token-read',
  write: 'token-write',
  keys: 'token-keys',
  other: 'token-other',
};

const ALL_RIGHTS = ['read', 'write', 'keys', 'revoke', 'sync'] as const;

const credential = (
  name: keyof typeof TOKENS,
  rights: AdminCredential['rights'],
  organization = 'carbon.super',
): AdminCredential => ({
  name,
  organization,
  sha256: createHash('sha256').update(TOKENS[name]).digest('hex'),
  rights,
  roles: [],
});

/** The rig's credentials. */
export const CREDENTIALS = [
  credential('all', ALL_RIGHTS),
  credential('read', ['read']),
  credential('write', ['write']),
  credential('keys', ['keys', 'revoke', 'sync']),
  credential('other', ALL_RIGHTS, 'other.example'),
];

/** A store in memory; names that begin with `used` are in use, types that begin with `Broken` are invalid. */
export function memoryStore(): KeyManagerStore & { readonly rows: StoredKeyManager[] } {
  const rows: StoredKeyManager[] = [];
  const refused = (why: 'exists' | 'not_found' | 'in_use', field: string, message: string) =>
    ({ kind: 'refused', why, fields: [{ field, message }] }) as const;
  return {
    rows,
    list: async (organization) => rows.filter((row) => row.organization === organization),
    find: async (organization, id) => rows.find((row) => row.organization === organization && row.id === id),
    async create(organization, dto) {
      if (dto.type.startsWith('Broken')) {
        return { kind: 'invalid', problems: [{ field: 'issuer', message: 'is missing; give the issuer' }] };
      }
      if (rows.some((row) => row.organization === organization && row.dto.name === dto.name))
        return refused('exists', 'name', 'choose another name');
      const keyManager = {
        id: `id-${rows.length + 1}`,
        organization,
        sequence: rows.length,
        version: 1,
        dto,
        secrets: {},
      };
      rows.push(keyManager);
      return { kind: 'created', keyManager, warnings: dto.type === 'Odd' ? ['looks odd – really\r\nx: y'] : [] };
    },
    async delete(organization, id, force) {
      const at = rows.findIndex((row) => row.organization === organization && row.id === id);
      const row = rows[at];
      if (row === undefined) return refused('not_found', 'id', 'no such key manager');
      if (row.dto.name.startsWith('used') && !force) return refused('in_use', 'apis', 'listed by pizza:1.0.0');
      rows.splice(at, 1);
      return { kind: 'deleted' };
    },
  };
}

/** A running rig. */
export interface AdminRig extends AdminServer {
  readonly store: ReturnType<typeof memoryStore>;
  readonly audited: AuditEntry[];
  readonly errors: string[];
  /** Sends a request; the token goes into `Authorization`. */
  call(method: string, path: string, token?: string, body?: unknown): Promise<Response>;
}

/** Starts it; parts of the options can be replaced. */
export async function startRig(options: Partial<AdminOptions> = {}): Promise<AdminRig> {
  const store = memoryStore();
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const server = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    metricsPublic: false,
    credentials: CREDENTIALS,
    proveCaller: async (): Promise<ProvedAdmin | undefined> => undefined,
    keyManagers: store,
    connectorPropertiesOf: (type) => (type === 'Okta' ? ['client_id', 'SharedThing'] : []),
    readiness: () => ({ ready: true, detail: 'all is well' }),
    metrics: async () => 'gatehouse_decisions_total 1\n',
    audit: (entry) => audited.push(entry),
    log: { error: (fields, message) => errors.push(`${message} ${JSON.stringify(fields)}`) },
    ...options,
  });
  return {
    ...server,
    store,
    audited,
    errors,
    call: (method, path, token, body) =>
      fetch(`${server.url}${path}`, {
        method,
        headers: {
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        body: body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body),
      }),
  };
}
