// One question of every request: who is this client, and has it subscribed to this API? Answers are remembered until an application,
// a key or a subscription is written.

import type { Database, Statement } from 'better-sqlite3';
import type { Subscriber } from '../../domain/subscriber.ts';
import type { ChangedKinds } from './changed-kinds.ts';
import { SubscriberMemory } from './subscriber-memory.ts';
import { findSubscriberSql, type SubscriberRow, toSubscriber } from './subscriber-row.ts';

/**
 * Some thirty-eight thousand clients with what they call: more than come through one process in a while. Beyond that the least recently
 * used are asked for again, which costs about as much as the rest of a decision.
 */
const MAX_BYTES = 32 * 1024 * 1024;

/** For clients without a subscription: those that misbehave go on asking for the same. */
const MAX_ABSENT_BYTES = 1024 * 1024;

/** For one connection. It throws when the catalog cannot be read. */
export class SubscriberFinder {
  readonly #row: Statement<[string, string, string], SubscriberRow>;
  readonly #memory = new SubscriberMemory({ maxBytes: MAX_BYTES, maxAbsentBytes: MAX_ABSENT_BYTES });

  constructor(db: Database) {
    this.#row = db.prepare(findSubscriberSql);
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
    const subscriber = toSubscriber(row, [consumerKey, keyManagerId, apiId]);
    if (isPresent()) this.#memory.set(consumerKey, keyManagerId, apiId, subscriber);
    return subscriber;
  }

  /** To be called before a moment that came after these changes is the present one. {@link findSubscriberSql} reads nothing else. */
  follow(changed: ChangedKinds): void {
    if (changed && !changed.has('application') && !changed.has('key_mapping') && !changed.has('subscription')) return;
    this.#memory.clear();
  }
}
