// Reads and writes subscriptions, inside a transaction that the caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { Subscription } from '../../domain/subscriber.ts';

/** The columns of a {@link Subscription}. */
export const SUBSCRIPTION_COLUMNS =
  'id, number, api_id AS apiId, application_id AS applicationId, policy, state, version';

const SELECT = `SELECT ${SUBSCRIPTION_COLUMNS} FROM subscription`;

/** The `subscription` table. */
export class StoredSubscriptions {
  readonly #one: Statement<[string], Subscription>;
  readonly #at: Statement<[string, string], Subscription>;
  readonly #countOfApi: Statement<[string], number>;
  readonly #put: Statement;
  readonly #delete: Statement<[string]>;

  constructor(db: Database) {
    this.#one = db.prepare(`${SELECT} WHERE id = ?`);
    this.#at = db.prepare(`${SELECT} WHERE application_id = ? AND api_id = ?`);
    this.#countOfApi = db.prepare<[string], number>('SELECT count(*) FROM subscription WHERE api_id = ?').pluck();
    this.#put = db.prepare(`
      INSERT INTO subscription (id, number, api_id, application_id, policy, state, version)
      VALUES (@id, @number, @apiId, @applicationId, @policy, @state, @version)
      ON CONFLICT (id) DO UPDATE SET number = excluded.number, api_id = excluded.api_id, application_id = excluded.application_id,
        policy = excluded.policy, state = excluded.state, version = excluded.version`);
    this.#delete = db.prepare('DELETE FROM subscription WHERE id = ?');
  }

  /** The subscription of this id. */
  get(id: string): Subscription | undefined {
    return this.#one.get(id);
  }

  /** The application's subscription to an API. */
  at(applicationId: string, apiId: string): Subscription | undefined {
    return this.#at.get(applicationId, apiId);
  }

  /** How many applications are subscribed to an API. */
  countOfApi(apiId: string): number {
    return this.#countOfApi.get(apiId) ?? 0;
  }

  /** Writes a subscription as it is given, over the one of its id. */
  put(subscription: Subscription): void {
    this.#put.run(subscription);
  }

  /** Deletes one. */
  delete(id: string): void {
    this.#delete.run(id);
  }
}
