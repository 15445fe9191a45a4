// A real admin server on a free loopback port with key managers in memory, for the tests of this folder.

import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { AdminCredential } from '../../../src/admin/access/admin-caller.ts';
import type { FleetStore, Hub } from '../../../src/admin/fleet/fleet-store.ts';
import type { KeyManagerDiagnosis } from '../../../src/admin/key-managers/diagnosis.ts';
import type { KeyManagerStore } from '../../../src/admin/key-managers/key-manager-store.ts';
import type { CatalogStore } from '../../../src/admin/operation/catalog-store.ts';
import type { RevocationStore } from '../../../src/admin/operation/revocation-store.ts';
import { type AdminOptions, type AdminServer, startAdmin } from '../../../src/admin/start-admin.ts';
import type { ProvedAdmin } from '../../../src/authorize/prove-admin.ts';
import type { AuditContext, AuditEntry } from '../../../src/domain/audit.ts';
import type { WriteRefusal } from '../../../src/domain/catalog-facts.ts';
import type { EntityByKind, EntityKind } from '../../../src/domain/change.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../../src/domain/key-manager-dto.ts';
import type { Revocation } from '../../../src/domain/revocation.ts';
import { joinSecrets, splitSecrets } from '../../../src/domain/secret-fields.ts';
import { ChangeFeed } from '../../../src/sync/hub/change-feed.ts';
import { FleetPositions } from '../../../src/sync/hub/fleet-positions.ts';
import { memoryHistory } from '../sync/copies.ts';
import { memoryCatalogEntities } from './memory-entities.ts';

/** Tokens of the rig's credentials; each has the right of its name, `other` has all rights in another organization. */
export const TOKENS = {
  all: 'token-all',
  read: 'token-read',
  write: 'token-write',
  keys: 'token-keys',
  revoke: 'token-revoke',
  sync: 'token-sync',
  other: 'token-other',
};

/** What the rig's revocations must outlive: a day and a minute. */
export const MARGINS = { maxLifetimeMs: 86_400_000, maxSkewMs: 60_000 };

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
  credential('keys', ['keys']),
  credential('revoke', ['revoke']),
  credential('sync', ['sync']),
  credential('other', ALL_RIGHTS, 'other.example'),
];

/** Only free-form members have secret names; the DTO's own (`tokenValidation`) are WSO2's. */
function split(dto: KeyManagerDto) {
  const { additionalProperties } = dto;
  if (additionalProperties === undefined) return { masked: dto, secrets: {} };
  const { masked, secrets } = splitSecrets({ additionalProperties });
  return { masked: { ...dto, ...masked }, secrets };
}

/**
 * Key managers in memory; names that begin with `used` are in use, types that begin with `Broken` are invalid, secrets are masked
 * as the catalog masks them.
 */
export function memoryKeyManagers(): KeyManagerStore & {
  readonly rows: StoredKeyManager[];
  readonly audited: AuditContext[];
} {
  const rows: StoredKeyManager[] = [];
  const audited: AuditContext[] = [];
  const refused = (why: WriteRefusal['why'], field: string, message: string) =>
    ({ kind: 'refused', why, fields: [{ field, message }] }) as const;
  const written = (keyManager: StoredKeyManager, audit: AuditContext) => {
    audited.push(audit);
    const warnings = keyManager.dto.type === 'Odd' ? ['looks odd – really\r\nx: y'] : [];
    return { kind: 'written', keyManager, warnings } as const;
  };
  const broken = (type: string) =>
    type.startsWith('Broken')
      ? ({
          kind: 'invalid',
          problems: [{ field: type.slice('Broken '.length), message: 'is missing; give it' }],
        } as const)
      : undefined;
  const usage = (dto: KeyManagerDto) =>
    dto.name.startsWith('used')
      ? {
          apis: ['a', 'b', 'c'].map((id) => ({
            id,
            name: `Api ${id}`,
            version: '1',
            organization: id === 'c' ? 'other.example' : 'carbon.super',
          })),
          applications: [{ id: 'app-1', name: 'Shop', owner: 'ann', organization: 'carbon.super' }],
        }
      : { apis: [], applications: [] };
  return {
    rows,
    audited,
    list: async (organization) => rows.filter((row) => row.organization === organization),
    find: async (organization, id) => rows.find((row) => row.organization === organization && row.id === id),
    resolve: async (organization, idOrName) =>
      rows.find((row) => row.organization === organization && [row.id, row.dto.name].includes(idOrName)),
    used: async () => new Set(rows.filter(({ dto }) => dto.name.startsWith('used')).map(({ id }) => id)),
    usage: async (id) => usage(rows.find((row) => row.id === id)?.dto ?? { name: '', type: '' }),
    async create(organization, dto, audit) {
      const invalid = broken(dto.type);
      if (invalid !== undefined) return invalid;
      if (rows.some((row) => row.organization === organization && row.dto.name === dto.name))
        return refused('exists', 'name', 'choose another name');
      const { masked, secrets } = split(dto);
      const id = `id-${rows.length + 1}`;
      const keyManager = { id, organization, sequence: rows.length, version: 1, dto: masked, secrets };
      rows.push(keyManager);
      return written(keyManager, audit);
    },
    async update({ organization, id, expectedVersion }, dto, audit) {
      const invalid = broken(dto.type);
      if (invalid !== undefined) return invalid;
      const at = rows.findIndex((row) => row.organization === organization && row.id === id);
      const row = rows[at];
      if (row === undefined) return refused('not_found', 'id', 'no such key manager');
      if (expectedVersion !== null && expectedVersion !== row.version) return refused('stale', '', 'changed');
      const { masked, secrets } = split(joinSecrets(dto, row.secrets));
      const changed = { ...row, dto: masked, secrets, version: row.version + 1 };
      rows[at] = changed;
      return written(changed, audit);
    },
    async delete({ organization, id }, force, audit) {
      const at = rows.findIndex((row) => row.organization === organization && row.id === id);
      const row = rows[at];
      if (row === undefined) return refused('not_found', 'id', 'no such key manager');
      if (row.dto.name.startsWith('used') && !force) return refused('in_use', 'apis', 'listed by pizza:1.0.0');
      rows.splice(at, 1);
      audited.push(audit);
      return { kind: 'deleted' };
    },
  };
}

/** Revocations in memory. The key managers `Okta` and `km-1` are one, of type Okta; the kid `k` stands for two keys. */
export function memoryRevocations(): RevocationStore & { readonly rows: Map<string, Revocation> } {
  const rows = new Map<string, Revocation>();
  const inForce = (organization: string) =>
    [...rows.values()].filter((row) => row.organization === organization && !row.lifted);
  return {
    rows,
    async write(entries) {
      for (const entry of entries) rows.set(entry.id, entry);
      return { kind: 'written' };
    },
    list: async (organization, { offset, limit }) => {
      const all = inForce(organization);
      return { total: all.length, list: all.slice(offset, offset + limit) };
    },
    async *all(organization) {
      for (const row of inForce(organization)) yield [row];
    },
    find: async (organization, id) => {
      const found = inForce(organization).filter((row) => row.id === id || row.id.startsWith(`${id}.`));
      return found.some((row) => row.id === id) ? found : [];
    },
    findKeyManager: async (organization, idOrName) =>
      organization === 'carbon.super' && ['Okta', 'km-1'].includes(idOrName) ? { id: 'km-1', name: 'Okta' } : undefined,
    keysNamed: async (kid) => (kid === 'k' ? ['thumbprint-1', 'thumbprint-2'] : []),
    typesInUse: async () => ['Okta', 'CustomKeyManager'],
  };
}

/** Use cases that look at nothing: `https://good.example/x` has a discovery document. */
export const stubDiagnosis: KeyManagerDiagnosis = {
  test: async (organization, id, token) =>
    organization === 'carbon.super' && id === 'id-1'
      ? {
          keyManager: { id, name: 'Okta' },
          ok: true,
          checks: [{ check: 'token', outcome: 'ok', detail: `has ${token?.length ?? 0} characters`, fix: null }],
        }
      : undefined,
  discover: async (url, type) =>
    url === 'https://good.example/x'
      ? {
          kind: 'discovered',
          dto: { name: 'good', type, issuer: 'https://good.example', wellKnownEndpoint: url },
          warnings: ['no audience'],
        }
      : { kind: 'failed', reason: 'the host cannot be reached' },
  types: () => [{ type: 'Okta', displayName: 'Okta' }],
};

/** A hub of nobody, with nothing in it; who waits for the fleet waits no longer than this. */
export function memoryFleet(
  history = memoryHistory(),
  { longestWaitMs = 200, clock = Date.now } = {},
): FleetStore & { readonly hub: Hub } {
  const feed = new ChangeFeed({ texts: history, maxKeptBytes: 100_000, heartbeatMs: 20 });
  const positions = new FleetPositions(clock);
  return {
    hub: {
      snapshot: (signal) => feed.snapshot(signal),
      follow: (from, options) => feed.follow(from, options),
      connect: (name, position, keptMs) => positions.connect(name, position, keptMs),
      acknowledge: (name, position) => positions.acknowledge(name, position),
      takeRevocations: async () => ({ kind: 'written' }),
      waitForFleet: (timeoutMs) => positions.waitFor(history.position(), Math.min(timeoutMs, longestWaitMs)),
    },
    sourceUrl: undefined,
    status: () => ({ source: 'alone', followers: positions.list() }),
    digest: async () => ({ ...history.position(), digest: '' }),
    confirm: () => false,
    entities: async function* <K extends EntityKind>(kind: K) {
      yield history.rows().flatMap((change) => (change.kind === kind ? [change.entity as EntityByKind[K]] : []));
    },
  };
}

/** A running rig. */
export interface AdminRig extends AdminServer {
  readonly store: ReturnType<typeof memoryKeyManagers>;
  readonly revocations: ReturnType<typeof memoryRevocations>;
  readonly catalog: ReturnType<typeof memoryCatalogEntities>;
  readonly audited: AuditEntry[];
  readonly errors: string[];
  readonly warnings: string[];
  /** Sends a request; the token goes into `Authorization`. */
  call(method: string, path: string, token?: string, body?: unknown): Promise<Response>;
}

/** A catalog without content, which no document changes. */
const emptyCatalog: CatalogStore = {
  read: () => ({ revision: 'epoch-0', parts: Readable.from([]) }),
  stage: async () => undefined,
  apply: async () => {
    return { kind: 'unchanged', revision: 'epoch-0', changes: [], counts: { added: 0, changed: 0, deleted: 0 } };
  },
};

/** Starts it; parts of the options can be replaced. */
export async function startRig(options: Partial<AdminOptions> = {}): Promise<AdminRig> {
  const store = memoryKeyManagers();
  const revocations = memoryRevocations();
  const catalog = memoryCatalogEntities();
  const audited: AuditEntry[] = [];
  const errors: string[] = [];
  const warnings: string[] = [];
  const server = await startAdmin({
    host: '127.0.0.1',
    port: 0,
    tls: null,
    metricsPublic: false,
    credentials: CREDENTIALS,
    proveCaller: async (): Promise<ProvedAdmin | undefined> => undefined,
    keyManagers: store,
    catalog: emptyCatalog,
    entities: catalog.entities,
    proveClient: async () => 'not_asked',
    superTenant: 'carbon.super',
    revocations,
    margins: () => MARGINS,
    tokenHash: (token) => createHash('sha256').update(token).digest('hex'),
    diagnosis: stubDiagnosis,
    fleet: memoryFleet(),
    listAudit: async (organization, { offset, limit }) => {
      const all = audited.filter((entry) => organization === null || entry.organization === organization).reverse();
      const list = all.slice(offset, offset + limit).map((entry, sequence) => ({ ...entry, sequence }));
      return { total: all.length, list };
    },
    readiness: () => ({ ready: true, detail: 'all is well' }),
    metrics: async () => 'gatehouse_decisions_total 1\n',
    audit: (entry) => audited.push(entry),
    log: {
      error: (fields, message) => errors.push(`${message} ${JSON.stringify(fields)}`),
      warn: (fields, message) => warnings.push(`${message} ${JSON.stringify(fields)}`),
    },
    ...options,
  });
  return {
    ...server,
    store,
    revocations,
    catalog,
    audited,
    errors,
    warnings,
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
