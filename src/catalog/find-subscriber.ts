// The other question of every request: who is this client, and has it subscribed to this API? Answers are remembered for as long as
// the log of changes says that no application, key or subscription was written.

import type { Database, Statement } from 'better-sqlite3';
import type { Subscriber } from '../domain/subscriber.ts';
import { SubscriberMemory } from './subscriber-memory.ts';
import { findSubscriberSql, type SubscriberRow, toSubscriber } from './subscriber-row.ts';

/** What an answer is made of, by the kinds that the log knows; {@link findSubscriberSql} reads nothing else. */
const KINDS: ReadonlySet<string> = new Set(['application', 'key_mapping', 'subscription']);

/** Some thousand clients: as many as call through one process in a while. */
const MAX_BYTES = 8 * 1024 * 1024;

/** For clients without a subscription: those that misbehave go on asking for the same. */
const MAX_ABSENT_BYTES = 1024 * 1024;

/** Changes that are looked through; with more of them forgetting is cheaper, as an import writes thousands at once. */
const MAX_CHANGES = 100;

/** For one connection. It throws when the catalog cannot be read. */
export class SubscriberFinder {
  readonly #row: Statement<[string, string, string], SubscriberRow>;
  readonly #kinds: Statement<[number], string>;
  readonly #memory = new SubscriberMemory({ maxBytes: MAX_BYTES, maxAbsentBytes: MAX_ABSENT_BYTES });

  constructor(db: Database) {
    this.#row = db.prepare(findSubscriberSql);
    this.#kinds = db
      .prepare<[number], string>(`SELECT kind FROM change_log WHERE revision > ? LIMIT ${MAX_CHANGES + 1}`)
      .pluck();
  }

  /** What was found before and holds at the present moment. */
  remembered(consumerKey: string, keyManagerId: string, apiId: string): Subscriber | undefined {
    return this.#memory.get(consumerKey, keyManagerId, apiId);
  }

  /** What the file says now, `stale` at another structure revision. Remembered if the present moment is still that which is meant. */
  find(
    consumerKey: string,
    keyManagerId: string,
    apiId: string,
    structureRevision: number,
    isPresent: () => boolean,
  ): Subscriber | 'stale' {
    const row = this.#row.get(consumerKey, keyManagerId, apiId);
    if (row?.structureRevision !== structureRevision) return 'stale';
    const subscriber = toSubscriber(row);
    if (isPresent()) this.#memory.set(consumerKey, keyManagerId, apiId, subscriber);
    return subscriber;
  }

  /**
   * Something was committed: forgets what was remembered up to revision `from` unless it holds at `to` as well. Whoever writes behind
   * the catalog's back may raise no revision, so one that stayed says nothing. Deletions up to `horizon` have left the log.
   */
  follow(from: number | undefined, to: number, horizon: number): void {
    const isLogged = from !== undefined && from < to && horizon <= from;
    const kinds = isLogged ? this.#kinds.all(from) : [];
    if (!isLogged || kinds.length > MAX_CHANGES || kinds.some((kind) => KINDS.has(kind))) this.#memory.clear();
  }
}
