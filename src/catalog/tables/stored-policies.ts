// Reads and writes throttling policies, inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { Policy, PolicyKind } from '../../domain/policy.ts';

/** A row, as {@link POLICY_COLUMNS} selects it. */
export type PolicyRow = Omit<Policy, 'limits'> & { readonly limits: string };

/** The columns of a {@link PolicyRow}. */
export const POLICY_COLUMNS =
  'id, number, organization, kind, name, display_name AS displayName, description, limits, version';

/** The `policy` table. */
export class StoredPolicies {
  readonly #one: Statement<[string], PolicyRow>;
  readonly #named: Statement<[string, PolicyKind, string], PolicyRow>;
  readonly #users: Statement<Record<'organization' | 'kind' | 'name', string>, string>;
  readonly #put: Statement;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#one = db.prepare(`SELECT ${POLICY_COLUMNS} FROM policy WHERE id = ?`);
    this.#named = db.prepare(`SELECT ${POLICY_COLUMNS} FROM policy WHERE organization = ? AND kind = ? AND name = ?`);
    this.#users = db
      .prepare<Record<'organization' | 'kind' | 'name', string>, string>(
        `SELECT name FROM application WHERE @kind = 'APPLICATION' AND organization = @organization AND policy = @name
         UNION SELECT name FROM api WHERE @kind = 'API' AND organization = @organization AND (policy = @name
           OR EXISTS (SELECT 1 FROM resource r WHERE r.api_id = api.id AND r.policy = @name))
         UNION SELECT a.name FROM subscription s JOIN application a ON a.id = s.application_id
           WHERE @kind = 'SUBSCRIPTION' AND a.organization = @organization AND s.policy = @name
         LIMIT 6`,
      )
      .pluck();
    this.#put = db.prepare(`
      INSERT INTO policy (id, number, organization, kind, name, display_name, description, limits, version)
      VALUES (@id, @number, @organization, @kind, @name, @displayName, @description, @limits, @version)
      ON CONFLICT (id) DO UPDATE SET number = excluded.number, organization = excluded.organization, kind = excluded.kind,
        name = excluded.name, display_name = excluded.display_name, description = excluded.description,
        limits = excluded.limits, version = excluded.version`);
    this.#delete = db.prepare('DELETE FROM policy WHERE id = ?');
  }

  /** The policy of this id. */
  get(id: string): Policy | undefined {
    const row = this.#one.get(id);
    return row && toPolicy(row);
  }

  /** The organization's policy of this name. */
  find(organization: string, kind: PolicyKind, name: string): Policy | undefined {
    const row = this.#named.get(organization, kind, name);
    return row && toPolicy(row);
  }

  /** Names of some APIs or applications that have the policy. */
  usersOf({ organization, kind, name }: Policy): readonly string[] {
    return this.#users.all({ organization, kind, name });
  }

  /** Writes a policy as it is given, over the one of its id. */
  put(policy: Policy): void {
    this.#put.run({ ...policy, limits: JSON.stringify(policy.limits) });
  }

  /** Deletes one. */
  delete(id: string): void {
    this.#delete.run(id);
  }
}

/** The row as plain facts. */
export function toPolicy(row: PolicyRow): Policy {
  return { ...row, limits: JSON.parse(row.limits) as Policy['limits'] };
}
