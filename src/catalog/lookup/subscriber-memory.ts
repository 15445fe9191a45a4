// Remembers who calls what, bounded in bytes. Clients without a subscription have a small segment of their own, so that a flood of
// unknown ones cannot displace those that may call. It never asks whether what it remembers is still so.

import { LRUCache } from 'lru-cache';
import type { Subscriber } from '../../domain/subscriber.ts';

/** Bounds of the memory. */
export interface SubscriberMemoryOptions {
  /** For clients with a subscription. */
  readonly maxBytes: number;
  /** For those without. */
  readonly maxAbsentBytes: number;
}

/** Of one that is remembered, as a heap shows it: objects, ids, short texts, and the places in the cache. */
const ENTRY_BYTES = 640;

/** Least recently used go first. */
export class SubscriberMemory {
  readonly #subscribed: LRUCache<string, Subscriber>;
  readonly #absent: LRUCache<string, Subscriber>;

  constructor({ maxBytes, maxAbsentBytes }: SubscriberMemoryOptions) {
    this.#subscribed = new LRUCache({ maxSize: maxBytes });
    this.#absent = new LRUCache({ maxSize: maxAbsentBytes });
  }

  get(consumerKey: string, keyManagerId: string, apiId: string): Subscriber | undefined {
    const key = keyOf(consumerKey, keyManagerId, apiId);
    return this.#subscribed.get(key) ?? this.#absent.get(key);
  }

  set(consumerKey: string, keyManagerId: string, apiId: string, subscriber: Subscriber): void {
    const key = keyOf(consumerKey, keyManagerId, apiId);
    const size = bytesOf(key, subscriber);
    if (subscriber.subscription === null) this.#absent.set(key, subscriber, { size });
    else this.#subscribed.set(key, subscriber, { size });
  }

  clear(): void {
    this.#subscribed.clear();
    this.#absent.clear();
  }
}

/** The lengths tell apart what would run together: a consumer key is whatever its key manager says. */
function keyOf(consumerKey: string, keyManagerId: string, apiId: string): string {
  return `${keyManagerId.length} ${apiId.length} ${keyManagerId}${apiId}${consumerKey}`;
}

/** Of texts, two bytes a character at the most. */
function bytesOf(key: string, { application }: Subscriber): number {
  // Ids and short texts are in ENTRY_BYTES.
  const texts =
    application === null ? [] : [application.name, application.owner, ...Object.entries(application.attributes).flat()];
  return ENTRY_BYTES + 2 * key.length + 2 * texts.join('').length;
}
