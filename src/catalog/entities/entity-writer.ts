// Writes entities as a source gives them, inside a transaction that the caller holds. One that cannot stand beside the others is left
// out, and so denied: it must not keep the others from coming. Only of those that forbid none is left out.

import type { Database, Statement } from 'better-sqlite3';
import type { Change, EntityByKind, EntityKind } from '../../domain/change.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { SourceKeyManager } from '../../domain/source-change.ts';
import type { LeftOut } from '../outcome/left-out.ts';
import { TABLE_OF } from '../tables/entity-tables.ts';
import type { StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';

/** A change of either sort of source. */
export type AnyChange =
  | Change
  | { readonly kind: 'key_manager'; readonly id: string; readonly entity: SourceKeyManager | null };

/** Revocations that came from the source are not given back to it. */
const SOURCE_STREAM = 'source';

/** What a source's entities are written with. */
export interface EntityWriterOptions {
  readonly db: Database;
  readonly tables: WriterTables;
  readonly log: StructureLog;
}

/** First {@link delete} all that is gone, then {@link release} all that is written, then {@link put} it, parents before children. */
export class EntityWriter {
  readonly leftOut: LeftOut[] = [];
  readonly #db: Database;
  readonly #tables: WriterTables;
  readonly #log: StructureLog;
  readonly #rename: Readonly<Record<'api' | 'application' | 'key_manager', Statement<[string]>>>;
  /** As they were before they let go of their places. */
  readonly #heldKeyManagers = new Map<string, StoredKeyManager>();
  readonly #deleting = new Map<EntityKind, Statement<[string]>>();
  #largestNumber = 0;

  constructor({ db, tables, log }: EntityWriterOptions) {
    this.#db = db;
    this.#tables = tables;
    this.#log = log;
    // Two may trade their names in one transaction, so all let go of theirs first.
    this.#rename = {
      api: db.prepare('UPDATE api SET name = id WHERE id = ?'),
      application: db.prepare('UPDATE application SET name = id WHERE id = ?'),
      key_manager: db.prepare('UPDATE key_manager SET name = id, sequence = -rowid WHERE id = ?'),
    };
  }

  /** Deletes an entity with what hangs on it. A revocation ends by itself, by its time or a lift. */
  delete(kind: EntityKind, id: string): void {
    const { writableApis, keyManagers, keyMappings } = this.#tables;
    if (kind === 'revocation') return;
    if (kind === 'api') writableApis.delete(id);
    else if (kind === 'key_manager') {
      writableApis.disallow(id);
      keyMappings.deleteOfKeyManager(id);
      keyManagers.delete(id);
    } else this.#deletes(kind).run(id);
    this.#logged(kind, id);
  }

  /** Has the entity let go of the names and places that no two can have. */
  release(kind: EntityKind, id: string): void {
    if (kind === 'api') this.#tables.writableApis.releaseRoutes(id);
    const held = kind === 'key_manager' ? this.#tables.keyManagers.find(id) : undefined;
    if (held !== undefined) this.#heldKeyManagers.set(id, held);
    if (kind === 'api' || kind === 'application' || kind === 'key_manager') this.#rename[kind].run(id);
    if (kind === 'key_mapping') this.#tables.keyMappings.delete(id);
    if (kind === 'policy') this.#tables.policies.delete(id);
    if (kind === 'scope') this.#tables.scopes.delete(id);
    if (kind === 'deny_policy') this.#tables.denyPolicies.delete(id);
  }

  /** Writes an entity over the one of its id, or leaves it out and says why. */
  put(change: AnyChange): void {
    if (change.entity === null) return;
    try {
      const why = this.#write(change);
      if (why !== undefined) this.leftOut.push({ kind: change.kind, id: change.id, why });
    } catch (error) {
      // Without what forbids, somebody would be let in: then nothing of it comes.
      if (!isOfContent(error) || change.kind === 'deny_policy' || change.kind === 'revocation') throw error;
      this.delete(change.kind, change.id);
      this.leftOut.push({ kind: change.kind, id: change.id, why: String(error) });
    }
    this.#logged(change.kind, change.id);
  }

  /** Own numbers go on after the largest that came. */
  finish(): void {
    this.#db
      .prepare(
        `UPDATE meta SET next_number = max(next_number, ? + 1),
           next_sequence = max(next_sequence, 1 + (SELECT coalesce(max(sequence), 0) FROM key_manager))`,
      )
      .run(this.#largestNumber);
  }

  #write(change: AnyChange): string | undefined {
    const tables = this.#tables;
    if (change.entity === null) return undefined;
    if ('number' in change.entity) this.#largestNumber = Math.max(this.#largestNumber, change.entity.number);
    switch (change.kind) {
      case 'key_manager':
        if ('sealedSecrets' in change.entity) {
          tables.keyManagers.putWhole(change.entity);
          tables.secrets.putSealed(change.id, change.entity.sealedSecrets);
        } else this.#writeClear(change.entity);
        return undefined;
      case 'policy':
        return void tables.policies.put(change.entity);
      case 'scope':
        return void tables.scopes.put(change.entity);
      case 'api':
        return this.#writeApi(change.entity);
      case 'application':
        return void tables.applications.put(change.entity);
      case 'key_mapping':
        return tables.keyMappings.insert(change.entity) ? undefined : 'its client or its place is taken';
      case 'subscription':
        return void tables.subscriptions.put(change.entity);
      case 'deny_policy':
        return void tables.denyPolicies.put(change.entity);
      case 'revocation':
        tables.revocations.save(change.entity, SOURCE_STREAM);
        return undefined;
    }
  }

  /** It goes on from the one that is here, in its place in the order. */
  #writeClear(keyManager: SourceKeyManager): void {
    const { keyManagers, secrets } = this.#tables;
    const held = this.#heldKeyManagers.get(keyManager.id);
    const sequence = held?.sequence ?? keyManagers.nextSequence();
    keyManagers.putWhole({ ...keyManager, sequence, version: (held?.version ?? 0) + 1 });
    secrets.replace(keyManager.id, keyManager.secrets, new Set());
  }

  /** A key manager that is not here is off the list, as one that was deleted. */
  #writeApi(api: EntityByKind['api']): string | undefined {
    const { keyManagers, writableApis } = this.#tables;
    const isHere = (id: string) => keyManagers.nameOf(id) !== undefined;
    const allowed = api.keyManagers === 'all' ? 'all' : api.keyManagers.filter(isHere);
    const audiences = Object.entries(api.audiencesByKeyManager).filter(([id]) => isHere(id));
    const taken = writableApis.put({
      ...api,
      keyManagers: allowed,
      audiencesByKeyManager: Object.fromEntries(audiences),
    });
    if (taken.length > 0) {
      writableApis.delete(api.id);
      return taken.map(({ owner, context }) => `${owner} answers on ${context}`).join(', ');
    }
    const isWhole =
      allowed.length === api.keyManagers.length && audiences.length === Object.keys(api.audiencesByKeyManager).length;
    return isWhole ? undefined : 'it names a key manager that is not here';
  }

  #deletes(kind: EntityKind): Statement<[string]> {
    let statement = this.#deleting.get(kind);
    if (statement === undefined) {
      statement = this.#db.prepare(`DELETE FROM ${TABLE_OF[kind]} WHERE id = ?`);
      this.#deleting.set(kind, statement);
    }
    return statement;
  }

  #logged(kind: EntityKind, id: string): void {
    if (kind === 'api' || kind === 'key_manager' || kind === 'deny_policy') this.#log.changed(kind, id);
  }
}

/** An error of what was to be written, not of the file it is written to. */
function isOfContent(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code?.startsWith('SQLITE_CONSTRAINT') === true || error instanceof TypeError || error instanceof RangeError;
}
