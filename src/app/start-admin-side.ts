// Wires people's side: what its routes read and write, and whom it lets in.

import { createHash } from 'node:crypto';
import type { AdminCredential } from '../admin/admin-caller.ts';
import { type AdminServer, startAdmin } from '../admin/start-admin.ts';
import type { World } from '../authorize/authorize.ts';
import { revocationHash } from '../authorize/check-revocation.ts';
import { proveAdmin } from '../authorize/prove-admin.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { keyMaterialChecks } from '../catalog-file.ts';
import { isRefusal } from '../domain/decision.ts';
import { describeKeyManagerTypes } from '../keymanagers/describe-types.ts';
import { judgeKeyManager } from '../keymanagers/judge-key-manager.ts';
import type { KeyManagerTypes } from '../keymanagers/types.ts';
import type { Settings } from '../settings/settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { KeySets } from '../tokens/key-sets.ts';

const NOT_WIRED = {
  kind: 'refused',
  why: 'busy',
  fields: [{ field: '', message: 'this version cannot do that yet' }],
} as const;

/** Starts the admin side. */
export function startAdminSide(
  settings: Settings,
  types: KeyManagerTypes,
  { lists, reader, writer }: OpenCatalog,
  credentials: readonly AdminCredential[],
  { tokens }: World,
  keySets: KeySets,
  metrics: Metrics,
  log: Logger,
  isDraining: () => boolean,
): Promise<AdminServer> {
  const checks = keyMaterialChecks(settings);
  return startAdmin({
    ...settings.admin,
    credentials,
    superTenant: settings.organization,
    proveCaller: (bearer) => proveAdmin(bearer, reader, tokens, Date.now()),
    keyManagers: {
      list: async (organization) => lists.listKeyManagers(organization),
      find: async (organization, id) => lists.findKeyManager(organization, id),
      usage: async (id) => lists.keyManagerUsage(id),
      create: async (organization, dto) => {
        const judged = judgeKeyManager(dto, { types, checks, origin: 'admin_side' });
        if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
        const { warnings, ...judgedWrite } = judged;
        const written = await writer.createKeyManager({ organization, ...judgedWrite });
        if ('kind' in written) return written;
        return { kind: 'written', keyManager: written, warnings };
      },
      update: async () => NOT_WIRED,
      delete: async ({ organization, id }, force) => {
        const gone = await writer.deleteKeyManager(organization, id, force);
        keySets.retain(new Set(reader.snapshot()?.keyManagers.byId.keys()));
        return gone;
      },
    },
    diagnosis: {
      test: async () => undefined,
      discover: async () => ({ kind: 'failed', reason: NOT_WIRED.fields[0].message }),
      types: () => describeKeyManagerTypes(types).map((type) => ({ ...type })),
    },
    revocations: {
      write: async () => NOT_WIRED,
      list: async () => ({ total: 0, list: [] }),
      find: async () => [],
      findKeyManager: async () => undefined,
      keysNamed: async () => [],
      typesInUse: async () => [],
    },
    margins: () => ({
      maxLifetimeMs: settings.tokens.maxLifetimeSeconds * 1000,
      maxSkewMs: settings.tokens.clockSkewSeconds * 1000,
    }),
    tokenHash: (text) => {
      const token = tokens.read(text);
      return isRefusal(token) ? createHash('sha256').update(text).digest('hex') : revocationHash(token);
    },
    listAudit: async () => ({ total: 0, list: [] }),
    readiness: () => {
      if (isDraining()) return { ready: false, detail: 'shutting down' };
      return reader.snapshot() === undefined
        ? { ready: false, detail: 'the catalog cannot be read' }
        : { ready: true, detail: 'serving' };
    },
    metrics: () => metrics.scrape(),
    audit: (entry) => log.info({ audit: entry }, 'admin request'),
    log,
  });
}
