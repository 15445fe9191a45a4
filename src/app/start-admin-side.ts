// Wires people's side: what its routes read and write, and whom it lets in.

import { createHash } from 'node:crypto';
import type { AdminCredential } from '../admin/admin-caller.ts';
import { type AdminServer, startAdmin } from '../admin/start-admin.ts';
import type { World } from '../authorize/authorize.ts';
import { revocationHash } from '../authorize/check-revocation.ts';
import { proveAdmin } from '../authorize/prove-admin.ts';
import type { OpenCatalog } from '../catalog/open-catalog.ts';
import { keyMaterialChecks } from '../catalog-file.ts';
import { GLOBAL_ORGANIZATION } from '../domain/api.ts';
import { isRefusal } from '../domain/decision.ts';
import { maskedPointers } from '../domain/secret-fields.ts';
import { describeKeyManagerTypes } from '../keymanagers/describe-types.ts';
import { judgeKeyManager } from '../keymanagers/judge-key-manager.ts';
import type { KeyManagerTypes } from '../keymanagers/types.ts';
import type { Settings } from '../settings/settings.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { KeySets } from '../tokens/key-sets.ts';
import type { FleetSide } from './open-fleet-side.ts';

const NOT_WIRED = {
  kind: 'refused',
  why: 'busy',
  fields: [{ field: '', message: 'this version cannot do that yet' }],
} as const;

/** Starts the admin side. */
export function startAdminSide(
  settings: Settings,
  types: KeyManagerTypes,
  { lists, reader, writer, refusedAttempts }: OpenCatalog,
  credentials: readonly AdminCredential[],
  { tokens }: World,
  keySets: KeySets,
  fleet: FleetSide,
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
      create: async (organization, dto, audit) => {
        const judged = judgeKeyManager(dto, { types, checks, origin: 'admin_side' });
        if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
        const { warnings, ...write } = judged;
        const written = await writer.createKeyManager({ organization, ...write }, audit);
        await fleet.keyManagersChanged();
        return 'kind' in written ? written : { kind: 'written', keyManager: written, warnings };
      },
      update: async (target, dto, audit) => {
        const kept = lists.openKeyManager(target.organization, target.id)?.secrets ?? {};
        const judged = judgeKeyManager(dto, { types, checks, origin: 'admin_side', kept });
        if ('problems' in judged) return { kind: 'invalid', problems: judged.problems };
        const { warnings, secrets, ...write } = judged;
        // What is masked stays as it is when the write is made, which may not be as it was when it was judged.
        const masked = new Set(maskedPointers(dto));
        const given = Object.fromEntries(Object.entries(secrets).filter(([pointer]) => !masked.has(pointer)));
        const written = await writer.updateKeyManager(target, { ...write, secrets: given }, audit);
        await fleet.keyManagersChanged();
        return 'kind' in written ? written : { kind: 'written', keyManager: written, warnings };
      },
      delete: async (target, force, audit) => {
        const gone = await writer.deleteKeyManager(target, force, audit);
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
      write: async (entries, audit) => {
        const saved = await writer.saveRevocations(entries, { kind: 'admin', audit });
        if (saved.kind !== 'saved') return saved;
        await fleet.publish(entries);
        return { kind: 'written' };
      },
      list: async (organization, page) => lists.listRevocations(organization, Date.now(), page),
      find: async (organization, id) => lists.findRevocations(organization, id, Date.now()),
      findKeyManager: async (organization, idOrName) => {
        const found = lists.resolveKeyManager(organization, idOrName);
        return found && { id: found.id, name: found.dto.name };
      },
      keysNamed: async () => [],
      typesInUse: async (organization) =>
        [organization, GLOBAL_ORGANIZATION].flatMap((of) => lists.listKeyManagers(of)).map(({ dto }) => dto.type),
    },
    margins: () => ({
      maxLifetimeMs: settings.tokens.maxLifetimeSeconds * 1000,
      maxSkewMs: settings.tokens.clockSkewSeconds * 1000,
    }),
    tokenHash: (text) => {
      const token = tokens.read(text);
      return isRefusal(token) ? createHash('sha256').update(text).digest('hex') : revocationHash(token);
    },
    listAudit: async (organization, page) => lists.listAudit(organization, page),
    readiness: () => {
      if (isDraining()) return { ready: false, detail: 'shutting down' };
      return reader.snapshot() === undefined
        ? { ready: false, detail: 'the catalog cannot be read' }
        : { ready: true, detail: 'serving' };
    },
    metrics: () => metrics.scrape(),
    audit: (entry) => {
      log.info({ audit: entry }, 'admin request');
      // What was written is in the audit with the write itself.
      if (entry.status >= 400) refusedAttempts.note(entry);
    },
    log,
  });
}
