// The kinds of entities that travel and the tables that they live in: reads one as it travels, key managers with their secrets sealed.

import type { Database, Statement } from 'better-sqlite3';
import { ENTITY_KINDS, type EntityByKind, type EntityKind, type TravellingKeyManager } from '../../domain/change.ts';
import { StoredApis } from './stored-apis.ts';
import { type ApplicationRow, toApplication } from './stored-applications.ts';
import { type DenyPolicyRow, toDenyPolicy } from './stored-deny-policies.ts';
import { StoredKeyManagers } from './stored-key-managers.ts';
import { KEY_MAPPING_COLUMNS, type KeyMappingRow, toKeyMapping } from './stored-key-mappings.ts';
import { POLICY_COLUMNS, type PolicyRow, toPolicy } from './stored-policies.ts';
import { REVOCATION_COLUMNS, type RevocationRow, toSequenced } from './stored-revocations.ts';
import { SCOPE_COLUMNS, type ScopeRow, toScope } from './stored-scopes.ts';
import { SUBSCRIPTION_COLUMNS } from './stored-subscriptions.ts';

/** The table whose rows are the entities of a kind, by their `id`. */
export const TABLE_OF: Readonly<Record<EntityKind, string>> = {
  key_manager: 'key_manager',
  policy: 'policy',
  scope: 'scope',
  api: 'api',
  application: 'application',
  key_mapping: 'application_key_mapping',
  subscription: 'subscription',
  deny_policy: 'deny_policy',
  revocation: 'revocation',
};

type Readers = { readonly [K in EntityKind]: (id: string) => EntityByKind[K] | undefined };

/** Reads entities over one connection. */
export class EntityTables {
  readonly #readers: Readers;
  readonly #pages: Readonly<Record<EntityKind, Statement<[string, number], string>>>;

  constructor(db: Database) {
    this.#readers = readersOf(db);
    const pageOf = (kind: EntityKind) =>
      db.prepare<[string, number], string>(`SELECT id FROM ${TABLE_OF[kind]} WHERE id > ? ORDER BY id LIMIT ?`).pluck();
    this.#pages = Object.fromEntries(ENTITY_KINDS.map((kind) => [kind, pageOf(kind)])) as Record<
      EntityKind,
      Statement<[string, number], string>
    >;
  }

  /** The entity as it is now. */
  read<K extends EntityKind>(kind: K, id: string): EntityByKind[K] | undefined {
    return this.#readers[kind](id);
  }

  /** Ids of a kind that follow one, in order. */
  idsAfter(kind: EntityKind, id: string, limit: number): readonly string[] {
    return this.#pages[kind].all(id, limit);
  }
}

function readersOf(db: Database): Readers {
  const apis = new StoredApis(db);
  const reader = <R, E>(columns: string, table: string, toEntity: (row: R) => E) => {
    const statement = db.prepare<[string], R>(`SELECT ${columns} FROM ${table} WHERE id = ?`);
    return (id: string) => {
      const row = statement.get(id);
      return row === undefined ? undefined : toEntity(row);
    };
  };
  return {
    key_manager: travellingKeyManagers(db),
    policy: reader<PolicyRow, EntityByKind['policy']>(POLICY_COLUMNS, 'policy', toPolicy),
    scope: reader<ScopeRow, EntityByKind['scope']>(SCOPE_COLUMNS, 'scope', toScope),
    api: (id) => apis.find(id),
    application: reader<ApplicationRow, EntityByKind['application']>('*', 'application', toApplication),
    key_mapping: reader<KeyMappingRow, EntityByKind['key_mapping']>(
      KEY_MAPPING_COLUMNS,
      'application_key_mapping',
      toKeyMapping,
    ),
    subscription: reader<EntityByKind['subscription'], EntityByKind['subscription']>(
      SUBSCRIPTION_COLUMNS,
      'subscription',
      (row) => row,
    ),
    deny_policy: reader<DenyPolicyRow, EntityByKind['deny_policy']>('*', 'deny_policy', toDenyPolicy),
    revocation: reader<RevocationRow, EntityByKind['revocation']>(
      REVOCATION_COLUMNS,
      'revocation',
      (row) => toSequenced(row).revocation,
    ),
  };
}

function travellingKeyManagers(db: Database): (id: string) => TravellingKeyManager | undefined {
  const keyManagers = new StoredKeyManagers(db);
  const sealed = db.prepare<[string], { pointer: string; sealed: string }>(
    'SELECT pointer, sealed FROM key_manager_secret WHERE key_manager_id = ? ORDER BY pointer',
  );
  return (id) => {
    const stored = keyManagers.find(id);
    if (stored === undefined) return undefined;
    const { secrets: _secrets, ...facts } = stored;
    const sealedSecrets = Object.fromEntries(sealed.all(id).map((row) => [row.pointer, row.sealed]));
    return { ...facts, ...keyManagers.described(id), enabled: facts.dto.enabled !== false, sealedSecrets };
  };
}
