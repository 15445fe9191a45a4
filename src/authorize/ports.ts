// What the decision needs from the rooms around it. Owned here, implemented there, wired by `app.ts`.

import type { Refusal } from '../domain/decision.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { KeyManagerIndex } from '../domain/key-manager-index.ts';
import type { Reason } from '../domain/reason.ts';
import type { Router } from '../domain/router.ts';
import type { Subscriber } from '../domain/subscriber.ts';
import type { TokenDecision, UnprovedJwt, UnprovedToken } from '../domain/token.ts';

/** The parts of the catalog that are kept in memory, all of one revision. */
export interface CatalogSnapshot {
  /** Rises with every change of an API or a key manager; not with subscriptions, applications and keys. */
  readonly structureRevision: number;
  readonly router: Router;
  readonly keyManagers: KeyManagerIndex;
}

/** The deciding thread's view of the catalog: reads only, never waits for a writer. */
export interface Catalog {
  /** Includes every write committed before the call, in any process; undefined until loaded or when it cannot be read. */
  snapshot(): CatalogSnapshot | undefined;
  /** One statement, so one revision. */
  findSubscriber(consumerKey: string, keyManagerId: string, apiId: string): Subscriber;
}

/** Time left for one decision. */
export interface Budget {
  /** Milliseconds since the epoch after which no answer is of use. */
  readonly deadlineMs: number;
}

/** Reads and proves tokens. */
export interface Tokens {
  /** Takes a credential apart without crypto or I/O. */
  read(credential: string): UnprovedToken | Refusal;
  /** Proves a JWT against one key manager: at once when known or when its key is at hand, else after a fetch. Never rejects. */
  prove(
    token: UnprovedJwt,
    keyManager: KeyManager,
    nowMs: number,
    budget: Budget,
  ): TokenDecision | Promise<TokenDecision>;
}

/** Remembers token decisions; bounded, and free to forget. */
export interface TokenDecisionCache {
  get(key: string): TokenDecision | undefined;
  /** Keeps the decision until `expiresAtMs` at the latest; `bytes` is its estimated size. */
  set(key: string, decision: TokenDecision, expiresAtMs: number, bytes: number): void;
}

/** Keeps fetched key sets across restarts. */
export interface KeySetStore {
  load(keyManagerId: string): StoredKeySet | undefined;
  /** Best effort and asynchronous; failures are the store's to report. */
  save(keyManagerId: string, keySet: StoredKeySet): void;
}

/** A JWKS document as fetched. */
export interface StoredKeySet {
  /** The URL it came from; a set of another URL is not this key manager's. */
  readonly url: string;
  readonly jwks: string;
  readonly fetchedAtMs: number;
}

/** Notes what a check found; for explaining, logging and tests. Absent costs one comparison a step. */
export interface Recorder {
  step(name: StepName, result: unknown): void;
}

/** The steps of the checklist, in order. */
export type StepName =
  | 'method'
  | 'path'
  | 'api'
  | 'lifecycle'
  | 'resource'
  | 'security'
  | 'credential'
  | 'token'
  | 'key_manager'
  | 'proof'
  | 'binding'
  | 'audience'
  | 'subscriber'
  | 'subscription'
  | 'environment'
  | 'scopes';

/** One step as it went. */
export interface RecordedStep {
  readonly step: StepName;
  readonly outcome: 'passed' | 'deny' | 'fault';
  readonly reason?: Reason;
  readonly evidence?: Evidence;
  /** Microseconds since the step before; waiting for a key counts to `proof`. */
  readonly us: number;
}
