// Entities of every organization by kind and id, key managers with their secrets opened: for who compares them with another's.

import type { Database } from 'better-sqlite3';
import type { EntityKind } from '../../domain/change.ts';
import type { SourceEntities, SourceKeyManager } from '../../domain/source-change.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import { EntityTables } from '../tables/entity-tables.ts';
import { StoredSecrets } from '../tables/stored-secrets.ts';

/** Entities on one page: about a millisecond. */
const PAGE = 200;

/** Reads over one connection. */
export class CatalogEntities {
  readonly #tables: EntityTables;
  readonly #secrets: StoredSecrets;

  constructor(db: Database, sealer: SecretSealer) {
    this.#tables = new EntityTables(db);
    this.#secrets = new StoredSecrets(db, sealer);
  }

  /** The entity as it is now. */
  find<K extends EntityKind>(kind: K, id: string): SourceEntities[K] | undefined {
    if (kind === 'key_manager') return this.#keyManager(id) as SourceEntities[K] | undefined;
    return this.#tables.read(kind, id) as SourceEntities[K] | undefined;
  }

  /** Every entity of a kind, in the order of their ids. */
  *pages<K extends EntityKind>(kind: K): Generator<readonly SourceEntities[K][]> {
    const next = (after: string) => this.#tables.idsAfter(kind, after, PAGE);
    for (let ids = next(''); ids.length > 0; ids = next(ids.at(-1) ?? ''))
      yield ids.flatMap((id) => this.find(kind, id) ?? []);
  }

  /** One with a secret that does not open is as good as one with none: it differs, and is written anew. */
  #keyManager(id: string): SourceKeyManager | undefined {
    const found = this.#tables.read('key_manager', id);
    if (found === undefined) return undefined;
    const { organization, dto, enabled, issuers, jwtRules } = found;
    return { id, organization, dto, enabled, issuers, jwtRules, secrets: this.#secrets.of(id) ?? {} };
  }
}
