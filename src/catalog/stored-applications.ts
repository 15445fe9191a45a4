// Reads and writes applications, their keys and their subscriptions, inside a transaction that the caller holds.
// The question of every request, "who is this client to this API", is not asked here but in catalog-reader.ts.

import type { Database, Statement } from 'better-sqlite3';
import type { KeyType } from '../domain/api.ts';
import type { Application, ApplicationKeyMapping, Subscription, SubscriptionState } from '../domain/subscriber.ts';

/** The `application`, `application_key_mapping` and `subscription` tables. */
export class StoredApplications {
  readonly #application: Statement<[string, string], Application>;
  readonly #putApplication: Statement;
  readonly #consumerKey: Statement<[string, KeyType, string], string>;
  readonly #keyOwner: Statement<[string, string], string>;
  readonly #insertKey: Statement<[string, KeyType, string, string]>;
  readonly #deleteKey: Statement<[string, KeyType, string]>;
  readonly #deleteKeys: Statement<[string]>;
  readonly #subscription: Statement<[string, string], { id: string; policy: string; state: SubscriptionState }>;
  readonly #putSubscription: Statement;

  constructor(db: Database) {
    this.#application = db.prepare('SELECT * FROM application WHERE organization = ? AND name = ?');
    this.#putApplication = db.prepare(`
      INSERT INTO application VALUES (@id, @organization, @name, @owner, @policy)
      ON CONFLICT (id) DO UPDATE SET owner = excluded.owner, policy = excluded.policy`);
    this.#consumerKey = db
      .prepare<[string, KeyType, string], string>(
        `SELECT consumer_key FROM application_key_mapping
         WHERE application_id = ? AND key_type = ? AND key_manager_id = ?`,
      )
      .pluck();
    this.#keyOwner = db
      .prepare<[string, string], string>(
        `SELECT a.name FROM application_key_mapping m JOIN application a ON a.id = m.application_id
         WHERE m.consumer_key = ? AND m.key_manager_id = ?`,
      )
      .pluck();
    this.#insertKey = db.prepare('INSERT INTO application_key_mapping VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING');
    this.#deleteKey = db.prepare(
      'DELETE FROM application_key_mapping WHERE application_id = ? AND key_type = ? AND key_manager_id = ?',
    );
    this.#deleteKeys = db.prepare('DELETE FROM application_key_mapping WHERE key_manager_id = ?');
    this.#subscription = db.prepare(
      'SELECT id, policy, state FROM subscription WHERE application_id = ? AND api_id = ?',
    );
    this.#putSubscription = db.prepare(`
      INSERT INTO subscription VALUES (@id, @applicationId, @apiId, @policy, @state)
      ON CONFLICT (id) DO UPDATE SET policy = excluded.policy, state = excluded.state`);
  }

  /** The application of this name. */
  find(organization: string, name: string): Application | undefined {
    return this.#application.get(organization, name);
  }

  /** Writes an application anew, or for the first time. */
  put(application: Application): void {
    this.#putApplication.run(application);
  }

  /** The OAuth client that the application has at a key manager for a key type. */
  findConsumerKey(applicationId: string, keyType: KeyType, keyManagerId: string): string | undefined {
    return this.#consumerKey.get(applicationId, keyType, keyManagerId);
  }

  /** Maps a client to an application, or names the application that already has it. */
  mapKey(mapping: ApplicationKeyMapping): { readonly takenBy: string } | undefined {
    const { applicationId, keyType, keyManagerId, consumerKey } = mapping;
    if (this.#insertKey.run(applicationId, keyType, keyManagerId, consumerKey).changes === 1) return undefined;
    return { takenBy: this.#keyOwner.get(consumerKey, keyManagerId) ?? 'another application' };
  }

  /** Removes one mapping, so that applications can trade clients in one transaction. */
  unmapKey(applicationId: string, keyType: KeyType, keyManagerId: string): void {
    this.#deleteKey.run(applicationId, keyType, keyManagerId);
  }

  /** Removes every mapping of a key manager. */
  unmapKeysOf(keyManagerId: string): void {
    this.#deleteKeys.run(keyManagerId);
  }

  /** The application's subscription to an API. */
  findSubscription(applicationId: string, apiId: string): Subscription | undefined {
    const row = this.#subscription.get(applicationId, apiId);
    return row === undefined ? undefined : { ...row, applicationId, apiId };
  }

  /** Writes a subscription anew, or for the first time. */
  putSubscription(subscription: Subscription): void {
    this.#putSubscription.run(subscription);
  }
}
