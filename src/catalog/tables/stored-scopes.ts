// Reads and writes scopes, inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { Scope } from '../../domain/policy.ts';

/** A row, as {@link SCOPE_COLUMNS} selects it. */
export type ScopeRow = Omit<Scope, 'roles'> & { readonly roles: string };

/** The columns of a {@link ScopeRow}. */
export const SCOPE_COLUMNS = 'id, organization, name, display_name AS displayName, description, roles, version';

/** The `scope` table. */
export class StoredScopes {
  readonly #one: Statement<[string], ScopeRow>;
  readonly #named: Statement<[string, string], ScopeRow>;
  readonly #users: Statement<[string, string], string>;
  readonly #put: Statement;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#one = db.prepare(`SELECT ${SCOPE_COLUMNS} FROM scope WHERE id = ?`);
    this.#named = db.prepare(`SELECT ${SCOPE_COLUMNS} FROM scope WHERE organization = ? AND name = ?`);
    this.#users = db
      .prepare<[string, string], string>(
        `SELECT DISTINCT a.name FROM api a JOIN resource r ON r.api_id = a.id
         WHERE a.organization = ? AND EXISTS (SELECT 1 FROM json_each(r.scopes) WHERE instr(' ' || value || ' ', ' ' || ? || ' ') > 0) LIMIT 6`,
      )
      .pluck();
    this.#put = db.prepare(`
      INSERT INTO scope (id, organization, name, display_name, description, roles, version)
      VALUES (@id, @organization, @name, @displayName, @description, @roles, @version)
      ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, name = excluded.name,
        display_name = excluded.display_name, description = excluded.description, roles = excluded.roles,
        version = excluded.version`);
    this.#delete = db.prepare('DELETE FROM scope WHERE id = ?');
  }

  /** The scope of this id. */
  get(id: string): Scope | undefined {
    const row = this.#one.get(id);
    return row && toScope(row);
  }

  /** The organization's scope of this name. */
  find(organization: string, name: string): Scope | undefined {
    const row = this.#named.get(organization, name);
    return row && toScope(row);
  }

  /** Names of some APIs that ask for the scope. */
  usersOf({ organization, name }: Scope): readonly string[] {
    return this.#users.all(organization, name);
  }

  /** Writes a scope as it is given, over the one of its id. */
  put(scope: Scope): void {
    this.#put.run({ ...scope, roles: JSON.stringify(scope.roles) });
  }

  /** Deletes one. */
  delete(id: string): void {
    this.#delete.run(id);
  }
}

/** The row as plain facts. */
export function toScope(row: ScopeRow): Scope {
  return { ...row, roles: JSON.parse(row.roles) as string[] };
}
