// Reads and writes applications, inside a transaction that the caller holds. The question of every request, "who is this client to
// this API", is not asked here but in catalog-reader.ts.

import type { Database, Statement } from 'better-sqlite3';
import type { Application, ApplicationState } from '../../domain/subscriber.ts';

/** A row of the table; lists and records are JSON. */
export type ApplicationRow = Omit<Application, 'attributes' | 'groups' | 'extra' | 'state'> &
  Readonly<Record<'attributes' | 'groups' | 'extra' | 'state', string>>;

/** The `application` table. */
export class StoredApplications {
  readonly #named: Statement<[string, string, string], ApplicationRow>;
  readonly #one: Statement<[string], ApplicationRow>;
  readonly #put: Statement;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#named = db.prepare(
      'SELECT * FROM application WHERE organization = ? AND name = ? ORDER BY owner = ? DESC, number LIMIT 1',
    );
    this.#one = db.prepare('SELECT * FROM application WHERE id = ?');
    this.#put = db.prepare(`
      INSERT INTO application (id, organization, name, owner, policy, number, description, attributes, groups, state, extra, version)
      VALUES (@id, @organization, @name, @owner, @policy, @number, @description, @attributes, @groups, @state, @extra, @version)
      ON CONFLICT (id) DO UPDATE SET organization = excluded.organization, name = excluded.name, owner = excluded.owner,
        policy = excluded.policy, number = excluded.number, description = excluded.description, attributes = excluded.attributes,
        groups = excluded.groups, state = excluded.state, extra = excluded.extra, version = excluded.version`);
    this.#delete = db.prepare('DELETE FROM application WHERE id = ?');
  }

  /** The application of this name: the owner's, else the oldest that somebody else has. */
  find(organization: string, name: string, owner: string): Application | undefined {
    const row = this.#named.get(organization, name, owner);
    return row && toApplication(row);
  }

  /** The application of this id. */
  get(id: string): Application | undefined {
    const row = this.#one.get(id);
    return row && toApplication(row);
  }

  /** Writes an application as it is given, over the one of its id. */
  put(application: Application): void {
    const { attributes, groups, extra } = application;
    this.#put.run({
      ...application,
      attributes: JSON.stringify(attributes),
      groups: JSON.stringify(groups),
      extra: JSON.stringify(extra),
    });
  }

  /** Deletes it with its keys and subscriptions. */
  delete(id: string): void {
    this.#delete.run(id);
  }
}

/** The row as plain facts. */
export function toApplication(row: ApplicationRow): Application {
  return {
    ...row,
    attributes: JSON.parse(row.attributes) as Application['attributes'],
    groups: JSON.parse(row.groups) as string[],
    extra: JSON.parse(row.extra) as Application['extra'],
    state: row.state as ApplicationState,
  };
}
