// Wires people's side: what its routes read and write, and whom it lets in.

import { createHash, randomBytes } from 'node:crypto';
import type { AdminCredential } from '../../admin/access/admin-caller.ts';
import type { SigningKeyAdmin } from '../../admin/operation/signing-key-routes.ts';
import { type AdminServer, startAdmin } from '../../admin/start-admin.ts';
import type { World } from '../../authorize/authorize.ts';
import { proveAdmin } from '../../authorize/prove-admin.ts';
import { revocationHash } from '../../authorize/revocation-hash.ts';
import type { OpenCatalog } from '../../catalog/open-catalog.ts';
import { keyMaterialChecks } from '../../catalog-file.ts';
import { isRefusal } from '../../domain/decision.ts';
import type { KeyManagerTypes } from '../../keymanagers/types.ts';
import type { Settings } from '../../settings/settings.ts';
import type { Logger } from '../../telemetry/logger.ts';
import type { Metrics } from '../../telemetry/metrics.ts';
import { Introspector } from '../../tokens/introspection/introspector.ts';
import type { OutboundSide } from '../deciding-side/open-outbound-side.ts';
import type { ServingSide } from '../deciding-side/serving-side.ts';
import type { FleetSide } from '../fleet-side/open-fleet-side.ts';
import type { SyncSide } from '../sync-side/open-sync-side.ts';
import { revocationMargins } from '../sync-side/revocation-margins.ts';
import { adminCatalog } from './admin-catalog.ts';
import { adminEntities } from './admin-entities.ts';
import { adminKeyManagers } from './admin-key-managers.ts';
import { adminRevocations } from './admin-revocations.ts';
import { MAX_DISCOVERY_BYTES } from './discover-once.ts';
import { keyManagerDiagnosis } from './key-manager-diagnosis.ts';
import { clientProver } from './prove-client.ts';

/** Random, and of a length and alphabet that opaque tokens often have. */
const MADE_UP_TOKEN_BYTES = 20;

/** What the admin side is wired with. */
export interface AdminSideParts {
  readonly types: KeyManagerTypes;
  readonly catalog: OpenCatalog;
  readonly credentials: readonly AdminCredential[];
  readonly tokens: World['tokens'];
  readonly outbound: Pick<OutboundSide, 'door' | 'keySets' | 'fetchKeySet'>;
  readonly fleet: FleetSide;
  readonly sync: Pick<SyncSide, 'fleetStore' | 'readiness' | 'revoked'>;
  readonly metrics: Pick<Metrics, 'scrape'>;
  readonly signingKeys: SigningKeyAdmin | undefined;
  readonly log: Logger;
  readonly serving: Pick<ServingSide, 'readiness' | 'counted'>;
  readonly isDraining: () => boolean;
}

/** Starts the admin side. */
export function startAdminSide(settings: Settings, parts: AdminSideParts): Promise<AdminServer> {
  const { types, catalog, credentials, tokens, outbound, fleet, sync, metrics, log } = parts;
  const { lists, reader, refusedAttempts } = catalog;
  const { door, fetchKeySet, keySets } = outbound;
  const revocations = adminRevocations(catalog, keySets, fleet, sync.revoked);
  const keyManagersById = () => reader.snapshot()?.keyManagers.byId;
  const judging = { types, checks: keyMaterialChecks(settings) };
  const keyManagersChanged = async () => {
    keySets.retain(new Set(keyManagersById()?.keys()));
    await fleet.keyManagersChanged();
  };
  return startAdmin({
    ...settings.admin,
    credentials,
    superTenant: settings.organization,
    proveCaller: (bearer) => proveAdmin(bearer, reader, tokens, Date.now()),
    keyManagers: adminKeyManagers(catalog, judging, keyManagersChanged),
    catalog: adminCatalog(catalog, judging, keyManagersChanged),
    entities: adminEntities(catalog),
    proveClient: clientProver({
      send: door.send,
      inForce: (id) => keyManagersById()?.get(id),
      enabled: settings.keyManagers.validateProvidedClients,
    }),
    diagnosis: keyManagerDiagnosis({
      types,
      superTenant: settings.organization,
      find: (organization, id) => lists.findKeyManager(organization, id),
      inForce: (id) => keyManagersById()?.get(id),
      door,
      fetchKeySet,
      timeoutMs: settings.keySets.timeoutMs,
      maxBytes: MAX_DISCOVERY_BYTES,
      now: Date.now,
      tokens,
      // Beside the limits that live traffic shares: a test must not open a breaker, nor be refused by one.
      introspector: new Introspector({
        send: door.send,
        admission: { introspect: () => ({ kind: 'admitted', done: () => undefined }) },
        clock: Date.now,
        maxReplyBytes: settings.introspection.maxReplyBytes,
      }),
      madeUpToken: () => randomBytes(MADE_UP_TOKEN_BYTES).toString('base64url'),
    }),
    revocations,
    fleet: sync.fleetStore(revocations),
    margins: () => revocationMargins(catalog, settings.tokens),
    tokenHash: (text) => {
      const token = tokens.read(text);
      return isRefusal(token) ? createHash('sha256').update(text).digest('hex') : revocationHash(token);
    },
    signingKeys: parts.signingKeys,
    listAudit: async (organization, page) => lists.listAudit(organization, page),
    readiness: () => {
      if (parts.isDraining()) return { ready: false, detail: 'shutting down' };
      if (reader.snapshot() === undefined) return { ready: false, detail: 'the catalog cannot be read' };
      const copy = sync.readiness();
      const serving = parts.serving.readiness();
      // The worse of the two; where both are well, what the copy says says more.
      return copy.ready && (!serving.ready || serving.isDegraded) ? serving : copy;
    },
    metrics: async () => {
      await parts.serving.counted();
      return metrics.scrape();
    },
    audit: (entry) => {
      log.info({ audit: entry }, 'admin request');
      // What was written is in the audit with the write itself.
      if (entry.status >= 400) refusedAttempts.note(entry);
    },
    log,
  });
}
