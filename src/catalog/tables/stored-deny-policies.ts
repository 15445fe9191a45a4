// Reads and writes deny policies. Writes happen inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { DenyPolicy, DenyPolicyType } from '../../domain/policy.ts';

/** A row of the table. */
export type DenyPolicyRow = Omit<DenyPolicy, 'invert' | 'enabled'> & Readonly<Record<'invert' | 'enabled', number>>;

/** The `deny_policy` table. */
export class StoredDenyPolicies {
  readonly #one: Statement<[string], DenyPolicyRow>;
  readonly #enabled: Statement<[], DenyPolicyRow>;
  readonly #same: Statement<[string, DenyPolicyType, string, number], DenyPolicyRow>;
  readonly #put: Statement;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#one = db.prepare('SELECT * FROM deny_policy WHERE id = ?');
    this.#enabled = db.prepare('SELECT * FROM deny_policy WHERE enabled = 1 ORDER BY id');
    this.#same = db.prepare(
      'SELECT * FROM deny_policy WHERE organization = ? AND type = ? AND value = ? AND invert = ?',
    );
    this.#put = db.prepare(`
      INSERT INTO deny_policy (id, number, organization, type, value, invert, enabled, version)
      VALUES (@id, @number, @organization, @type, @value, @invert, @enabled, @version)
      ON CONFLICT (id) DO UPDATE SET number = excluded.number, organization = excluded.organization, type = excluded.type,
        value = excluded.value, invert = excluded.invert, enabled = excluded.enabled, version = excluded.version`);
    this.#delete = db.prepare('DELETE FROM deny_policy WHERE id = ?');
  }

  /** The deny policy of this id. */
  get(id: string): DenyPolicy | undefined {
    const row = this.#one.get(id);
    return row && toDenyPolicy(row);
  }

  /** Those that are on, of every organization. */
  enabled(): DenyPolicy[] {
    return this.#enabled.all().map(toDenyPolicy);
  }

  /** The organization's deny policy of whoever this one names. */
  find(organization: string, { type, value, invert }: Pick<DenyPolicy, 'type' | 'value' | 'invert'>) {
    const row = this.#same.get(organization, type, value, invert ? 1 : 0);
    return row && toDenyPolicy(row);
  }

  /** Writes a deny policy as it is given, over the one of its id. */
  put(policy: DenyPolicy): void {
    this.#put.run({ ...policy, invert: policy.invert ? 1 : 0, enabled: policy.enabled ? 1 : 0 });
  }

  /** Deletes one. */
  delete(id: string): void {
    this.#delete.run(id);
  }
}

/** The row as plain facts. */
export function toDenyPolicy(row: DenyPolicyRow): DenyPolicy {
  return { ...row, invert: row.invert === 1, enabled: row.enabled === 1 };
}
