// Reads and writes key mappings (WSO2 ApplicationKeyMapping), inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { KeyType } from '../../domain/api.ts';
import type { ApplicationKeyMapping } from '../../domain/subscriber.ts';

/** A row, as {@link KEY_MAPPING_COLUMNS} selects it. */
export type KeyMappingRow = Omit<ApplicationKeyMapping, 'extra'> & { readonly extra: string };

/** The columns of a {@link KeyMappingRow}. */
export const KEY_MAPPING_COLUMNS = `id, consumer_key AS consumerKey, key_manager_id AS keyManagerId,
  application_id AS applicationId, key_type AS keyType, mode, extra`;

const SELECT = `SELECT ${KEY_MAPPING_COLUMNS} FROM application_key_mapping`;

/** The `application_key_mapping` table. */
export class StoredKeyMappings {
  readonly #one: Statement<[string], KeyMappingRow>;
  readonly #ofApplication: Statement<[string], KeyMappingRow>;
  readonly #at: Statement<[string, KeyType, string], KeyMappingRow>;
  readonly #holder: Statement<[string, string], KeyMappingRow & { applicationName: string }>;
  readonly #insert: Statement;
  readonly #delete: Statement<[string]>;
  readonly #deleteOfKeyManager: Statement<[string]>;

  constructor(db: Database) {
    this.#one = db.prepare(`${SELECT} WHERE id = ?`);
    this.#ofApplication = db.prepare(`${SELECT} WHERE application_id = ? ORDER BY key_type, key_manager_id`);
    this.#at = db.prepare(`${SELECT} WHERE application_id = ? AND key_type = ? AND key_manager_id = ?`);
    this.#holder = db.prepare(`
      SELECT m.*, a.name AS applicationName FROM (${SELECT} WHERE consumer_key = ? AND key_manager_id = ?) m
      JOIN application a ON a.id = m.applicationId`);
    this.#insert = db.prepare(`
      INSERT INTO application_key_mapping (id, consumer_key, key_manager_id, application_id, key_type, mode, extra)
      VALUES (@id, @consumerKey, @keyManagerId, @applicationId, @keyType, @mode, @extra) ON CONFLICT DO NOTHING`);
    this.#delete = db.prepare('DELETE FROM application_key_mapping WHERE id = ?');
    this.#deleteOfKeyManager = db.prepare('DELETE FROM application_key_mapping WHERE key_manager_id = ?');
  }

  /** The mapping of this id. */
  get(id: string): ApplicationKeyMapping | undefined {
    const row = this.#one.get(id);
    return row && toKeyMapping(row);
  }

  /** Those of an application. */
  ofApplication(applicationId: string): ApplicationKeyMapping[] {
    return this.#ofApplication.all(applicationId).map(toKeyMapping);
  }

  /** The mapping that the application has at a key manager for a key type. */
  at(applicationId: string, keyType: KeyType, keyManagerId: string): ApplicationKeyMapping | undefined {
    const row = this.#at.get(applicationId, keyType, keyManagerId);
    return row && toKeyMapping(row);
  }

  /** Who has a client of a key manager. */
  holderOf(
    consumerKey: string,
    keyManagerId: string,
  ): { readonly mapping: ApplicationKeyMapping; readonly applicationName: string } | undefined {
    const row = this.#holder.get(consumerKey, keyManagerId);
    if (row === undefined) return undefined;
    const { applicationName, ...mapping } = row;
    return { mapping: toKeyMapping(mapping), applicationName };
  }

  /** Maps a client; false when the client, the place or the id is taken. */
  insert(mapping: ApplicationKeyMapping): boolean {
    return this.#insert.run({ ...mapping, extra: JSON.stringify(mapping.extra) }).changes === 1;
  }

  /** Removes one mapping, so that applications can trade clients in one transaction. */
  delete(id: string): void {
    this.#delete.run(id);
  }

  /** Removes every mapping of a key manager. */
  deleteOfKeyManager(keyManagerId: string): void {
    this.#deleteOfKeyManager.run(keyManagerId);
  }
}

/** The row as plain facts. */
export function toKeyMapping(row: KeyMappingRow): ApplicationKeyMapping {
  return { ...row, extra: JSON.parse(row.extra) as ApplicationKeyMapping['extra'] };
}
