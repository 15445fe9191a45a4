// What a key manager's keys look like to the one who proves a token, wherever they come from.

import type { Refusal } from '../../domain/decision.ts';
import type { UnprovedJwt } from '../../domain/token.ts';
import type { KeySet } from './key-set.ts';
import type { VerificationKey } from './verification-key.ts';

/** Keys to try, at least one, and the digest of the set that they came from: that set may be another by the time they were tried. */
export interface FoundKeys {
  readonly keys: readonly VerificationKey[];
  readonly setDigest: string;
}

/** Keys to try; or why there are none. */
export type KeyChoice = FoundKeys | Refusal;

/** The keys of one source. */
export interface HeldKeys {
  /** What is held and may be used; undefined when there is nothing. Never waits. */
  current(nowMs: number): KeySet | undefined;
  /** The keys that may have signed this token; a promise only where they have to be fetched. Never rejects. */
  find(header: UnprovedJwt['header'], nowMs: number): KeyChoice | Promise<KeyChoice>;
  /** When the keys were fetched, in milliseconds since the epoch; undefined for keys that are not fetched. */
  readonly fetchedAtMs: number | undefined;
  /** The source is no longer asked for: what is still under way must not be stored. */
  drop(): void;
}
