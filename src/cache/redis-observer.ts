// What an operator is told about Redis: counts and changes, never a key, a value or an address.

/** What is looked up in Redis. */
export type SharedKind = 'token' | 'key_set' | 'fetch_claim' | 'revocation';

/** How a look-up went; `sealed_mismatch`: the value was foreign, copied, old or damaged, and counted as a miss. */
export type SharedOutcome = 'hit' | 'miss' | 'error' | 'sealed_mismatch';

/** How a command went; `absent`: not sent, because Redis is not in use just now; `busy`: not sent, too many were unanswered. */
export type CommandOutcome = 'answered' | 'timeout' | 'refused' | 'lost' | 'busy' | 'absent';

/** Gets told; must not throw and must not take time. */
export interface RedisObserver {
  /** Told at each change. Gauge: whether decisions use Redis now. `why` is a short code (`econnrefused`, `timeout`, `WRONGPASS`, …), empty when up. */
  up(up: boolean, why: string): void;
  command(outcome: CommandOutcome): void;
  shared(kind: SharedKind, outcome: SharedOutcome): void;
}
