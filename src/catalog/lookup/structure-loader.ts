// Brings the routing structure in memory to the catalog's state: only what changed since the revision that is held, or all
// of it when the log of changes does not reach back that far.

import type { Database, Statement } from 'better-sqlite3';
import type { CatalogSnapshot } from '../../authorize/ports.ts';
import type { Api } from '../../domain/api.ts';
import { denyPolicyIndexOf } from '../../domain/deny-policy-index.ts';
import type { KeyManager } from '../../domain/key-manager.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import { keyManagerIndexOf } from '../../domain/key-manager-index.ts';
import { type Router, routerOf, withChanges } from '../../domain/router.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import type { ReportCatalogEvent } from '../outcome/catalog-event.ts';
import { StoredApis } from '../tables/stored-apis.ts';
import { StoredDenyPolicies } from '../tables/stored-deny-policies.ts';
import { StoredKeyManagers } from '../tables/stored-key-managers.ts';
import { type Secrets, StoredSecrets } from '../tables/stored-secrets.ts';

/** Makes of a stored key manager, its secrets opened, what decides; undefined when its type cannot. */
export type ResolveKeyManager = (stored: StoredKeyManager) => KeyManager | undefined;

interface Change {
  readonly kind: 'api' | 'key_manager' | 'deny_policy';
  readonly id: string;
}

/** What a loader needs. */
export interface StructureLoaderOptions {
  /** Read-only. */
  readonly db: Database;
  readonly sealer: SecretSealer;
  readonly resolveKeyManager: ResolveKeyManager;
  readonly report: ReportCatalogEvent;
}

/** Loads snapshots over one connection. */
export class StructureLoader {
  readonly #resolve: ResolveKeyManager;
  readonly #report: ReportCatalogEvent;
  readonly #apis: StoredApis;
  readonly #keyManagers: StoredKeyManagers;
  readonly #secrets: StoredSecrets;
  readonly #denyPolicies: StoredDenyPolicies;
  readonly #revision: Statement<[], number>;
  readonly #oldest: Statement<[], number | null>;
  readonly #since: Statement<[number], Change>;
  readonly #inOneRevision: (held: CatalogSnapshot | undefined) => CatalogSnapshot;

  constructor({ db, sealer, resolveKeyManager, report }: StructureLoaderOptions) {
    this.#resolve = resolveKeyManager;
    this.#report = report;
    this.#apis = new StoredApis(db);
    this.#keyManagers = new StoredKeyManagers(db);
    this.#secrets = new StoredSecrets(db, sealer);
    this.#denyPolicies = new StoredDenyPolicies(db);
    this.#revision = db.prepare<[], number>('SELECT structure_revision FROM meta').pluck();
    this.#oldest = db.prepare<[], number | null>('SELECT min(revision) FROM structure_change').pluck();
    this.#since = db.prepare('SELECT DISTINCT kind, id FROM structure_change WHERE revision > ?');
    this.#inOneRevision = db.transaction((held: CatalogSnapshot | undefined) => this.#load(held));
  }

  /** The catalog's present structure. Throws when it cannot be read. */
  load(held: CatalogSnapshot | undefined): CatalogSnapshot {
    return this.#inOneRevision(held);
  }

  #load(held: CatalogSnapshot | undefined): CatalogSnapshot {
    const structureRevision = this.#revision.get();
    if (structureRevision === undefined) throw new Error('the catalog has no meta row');
    const oldest = this.#oldest.get() ?? Number.POSITIVE_INFINITY;
    if (held === undefined || held.structureRevision > structureRevision || oldest > held.structureRevision + 1)
      return this.#loadAll(structureRevision);
    return this.#loadChanges(held, structureRevision, this.#since.all(held.structureRevision));
  }

  #loadAll(structureRevision: number): CatalogSnapshot {
    const secrets = this.#secrets.all();
    const keyManagers = this.#keyManagers
      .all()
      .flatMap((stored) => this.#resolved(stored, secrets.has(stored.id) ? secrets.get(stored.id) : {}));
    return {
      structureRevision,
      router: routerOf(this.#apis.all()),
      keyManagers: keyManagerIndexOf(keyManagers),
      denyPolicies: denyPolicyIndexOf(this.#denyPolicies.enabled()),
    };
  }

  #loadChanges(held: CatalogSnapshot, structureRevision: number, changes: readonly Change[]): CatalogSnapshot {
    const idsOf = (kind: Change['kind']) => changes.filter((change) => change.kind === kind).map(({ id }) => id);
    const keyManagers = new Map(held.keyManagers.byId);
    const gone = new Set<string>();
    for (const id of idsOf('key_manager')) {
      keyManagers.delete(id);
      const stored = this.#keyManagers.find(id);
      if (stored === undefined) gone.add(id);
      else for (const keyManager of this.#resolved(stored, this.#secrets.of(id))) keyManagers.set(id, keyManager);
    }
    const changed = new Set(idsOf('api'));
    const read = [...changed].flatMap((id) => this.#apis.find(id) ?? []);
    // What is read is of this revision, so its lists are without those that are gone already.
    const present = [...read, ...withoutGone(held.router, gone).filter(({ id }) => !changed.has(id))];
    const same = changed.size + present.length === 0;
    return {
      structureRevision,
      router: same ? held.router : withChanges(held.router, changed, present),
      keyManagers: keyManagerIndexOf(keyManagers.values()),
      denyPolicies:
        idsOf('deny_policy').length === 0 ? held.denyPolicies : denyPolicyIndexOf(this.#denyPolicies.enabled()),
    };
  }

  /** One whose secrets do not open is left out like one that its type cannot read: the others go on. */
  #resolved(stored: StoredKeyManager, secrets: Secrets | undefined): readonly KeyManager[] {
    const keyManager = secrets && this.#resolve({ ...stored, secrets });
    if (keyManager !== undefined) return [keyManager];
    const { id, organization, dto } = stored;
    const kind = secrets === undefined ? 'secret_unreadable' : 'key_manager_skipped';
    this.#report({ kind, id, name: dto.name, organization });
    return [];
  }
}

/** The APIs that name a key manager that is gone, without it; a list that becomes empty allows none. */
function withoutGone(router: Router, gone: ReadonlySet<string>): Api[] {
  if (gone.size === 0) return [];
  const shorter: Api[] = [];
  for (const { api } of router.byId.values()) {
    const isListed = api.keyManagers !== 'all' && api.keyManagers.some((id) => gone.has(id));
    const audiences = Object.entries(api.audiencesByKeyManager);
    const stay = audiences.filter(([id]) => !gone.has(id));
    if (!isListed && stay.length === audiences.length) continue;
    const keyManagers = api.keyManagers === 'all' ? 'all' : api.keyManagers.filter((id) => !gone.has(id));
    shorter.push({ ...api, keyManagers, audiencesByKeyManager: Object.fromEntries(stay) });
  }
  return shorter;
}
