// Brings the routing structure in memory to the catalog's state: only what changed since the revision that is held, or all
// of it when the log of changes does not reach back that far.

import type { Database, Statement } from 'better-sqlite3';
import type { CatalogSnapshot } from '../authorize/ports.ts';
import type { Api } from '../domain/api.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import { keyManagerIndexOf } from '../domain/key-manager-index.ts';
import { type Router, routerOf, withChanges } from '../domain/router.ts';
import type { ReportCatalogEvent } from './catalog-event.ts';
import { StoredApis } from './stored-apis.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';

/** Makes of a stored key manager what decides; undefined when its type cannot. */
export type ResolveKeyManager = (stored: StoredKeyManager) => KeyManager | undefined;

interface Change {
  readonly kind: 'api' | 'key_manager';
  readonly id: string;
}

/** Loads snapshots over one read-only connection. */
export class StructureLoader {
  readonly #resolve: ResolveKeyManager;
  readonly #report: ReportCatalogEvent;
  readonly #apis: StoredApis;
  readonly #keyManagers: StoredKeyManagers;
  readonly #revision: Statement<[], number>;
  readonly #oldest: Statement<[], number | null>;
  readonly #since: Statement<[number], Change>;
  readonly #inOneRevision: (held: CatalogSnapshot | undefined) => CatalogSnapshot;

  constructor(db: Database, resolve: ResolveKeyManager, report: ReportCatalogEvent) {
    this.#resolve = resolve;
    this.#report = report;
    this.#apis = new StoredApis(db);
    this.#keyManagers = new StoredKeyManagers(db);
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
    const keyManagers = this.#keyManagers.all().flatMap((stored) => this.#resolved(stored));
    return {
      structureRevision,
      router: routerOf(this.#apis.all()),
      keyManagers: keyManagerIndexOf(keyManagers),
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
      else for (const keyManager of this.#resolved(stored)) keyManagers.set(id, keyManager);
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
    };
  }

  #resolved(stored: StoredKeyManager): readonly KeyManager[] {
    const keyManager = this.#resolve(stored);
    if (keyManager !== undefined) return [keyManager];
    const { id, organization, dto } = stored;
    this.#report({ kind: 'key_manager_skipped', id, name: dto.name, organization });
    return [];
  }
}

/** The APIs that list a key manager that is gone, with shorter lists; a list that becomes empty allows none. */
function withoutGone(router: Router, gone: ReadonlySet<string>): Api[] {
  if (gone.size === 0) return [];
  const shorter: Api[] = [];
  for (const { api } of router.byId.values()) {
    if (api.keyManagers === 'all' || !api.keyManagers.some((id) => gone.has(id))) continue;
    shorter.push({ ...api, keyManagers: api.keyManagers.filter((id) => !gone.has(id)) });
  }
  return shorter;
}
