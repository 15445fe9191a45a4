// What the decision needs from the rooms around it. Owned here, implemented there, wired by `app.ts`.

import type { Known, Refusal } from '../domain/decision.ts';
import type { DenyPolicyIndex } from '../domain/deny-policy-index.ts';
import type { Evidence } from '../domain/evidence.ts';
import type { KeyManager } from '../domain/key-manager.ts';
import type { KeyManagerIndex } from '../domain/key-manager-index.ts';
import type { Reason } from '../domain/reason.ts';
import type { Revocation, RevocationSubject } from '../domain/revocation.ts';
import type { Router } from '../domain/router.ts';
import type { Subscriber } from '../domain/subscriber.ts';
import type { TokenDecision, UnprovedToken } from '../domain/token.ts';

/** The parts of the catalog that are kept in memory, all of one revision. */
export interface CatalogSnapshot {
  /** Rises with every change of an API, a key manager or a deny policy; not with subscriptions, applications and keys. */
  readonly structureRevision: number;
  readonly router: Router;
  readonly keyManagers: KeyManagerIndex;
  /** The same index for as long as no deny policy changes. */
  readonly denyPolicies: DenyPolicyIndex;
}

/** The deciding thread's view of the catalog: reads only, never waits for a writer. */
export interface Catalog {
  /** Includes every write committed before the call, in any process; undefined until loaded or when it cannot be read. */
  moment(): CatalogMoment | undefined;
}

/** The catalog as it was when it was asked for. Whoever has waited since asks for another: what was written meanwhile rules. */
export interface CatalogMoment {
  readonly snapshot: CatalogSnapshot;
  /** One statement, so one revision; `stale` where that is none of the snapshot's any more, or cannot be read: start over. */
  findSubscriber(consumerKey: string, keyManagerId: string, apiId: string): Subscriber | 'stale';
  /** An entry in force that hits the token; `unreadable` must deny. */
  findRevocation(subject: RevocationSubject, nowMs: number): Revocation | 'unreadable' | undefined;
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
  /**
   * Proves a token against one key manager: a JWT by its keys, any other by introspection. At once when known or when the key is
   * at hand, else after a wait. Never rejects.
   */
  prove(
    token: UnprovedToken,
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

/**
 * Token decisions shared by a fleet (Redis). Bounded in time, never rejects: whatever is wrong with the store or with a value is
 * a miss. What comes back was sealed by one of the fleet under exactly this key.
 */
export interface SharedTokenDecisions {
  get(key: string): Promise<SharedTokenDecision | undefined>;
  /** Best effort; `expiresAtMs` is the latest moment at which the decision counts. */
  set(key: string, decision: TokenDecision, expiresAtMs: number): void;
}

/** A decision as one of the fleet shared it. Whoever takes it over must let it count no longer than it did there. */
export interface SharedTokenDecision {
  readonly decision: TokenDecision;
  /** As given to `set`: milliseconds since the epoch. */
  readonly expiresAtMs: number;
}

/** Key sets shared by a fleet (Redis), so that one fetch serves all. Best effort; never rejects. */
export interface SharedKeySets {
  get(keyManagerId: string, url: string): Promise<StoredKeySet | undefined>;
  set(keyManagerId: string, keySet: StoredKeySet): void;
  /** True for the one of the fleet that is to fetch in the next `holdMs`; true for everybody where it cannot be told. */
  claimFetch(keyManagerId: string, url: string, holdMs: number): Promise<boolean>;
}

/** Keeps one key manager's trouble from becoming everybody's: limits, breaker, budgets. Never waits, never queues. */
export interface Admission {
  /** Leave to ask a key manager about a token; `knownActive` tokens (active when last seen) have a share of the rate of their own. */
  introspect(keyManager: AdmittedKeyManager, knownActive: boolean, nowMs: number): Admitted | AdmissionRefused;
  /** Leave for one request to wait for something of a key manager (a fetch, a reply). */
  wait(keyManagerId: string): Admitted | AdmissionRefused;
  /** Leave to spend CPU on a first proof; tell it how long it took through `done`. */
  prove(keyManagerId: string, nowMs: number): Admitted | AdmissionRefused;
}

/** What admission looks at. */
export type AdmittedKeyManager = Pick<KeyManager, 'id' | 'limits'>;

/** Leave, to be given back exactly once. */
export interface Admitted {
  readonly kind: 'admitted';
  /** `failed` counts for the breaker; `spentMs` for the budget of proofs. */
  done(outcome: 'ok' | 'failed', spentMs?: number): void;
}

/** No leave: over a limit, or the breaker is open. */
export interface AdmissionRefused {
  readonly kind: 'refused';
  readonly why: 'limit' | 'breaker';
}

/** Makes what the upstream is told of an allowed caller under a signature (WSO2's backend JWT). At once; bounded in time. */
export interface Assertions {
  /** Undefined where the request passes without one; a refusal where it may not. Secret: whoever has it can claim to be the caller. */
  assertionFor(known: Readonly<Known>, nowMs: number): string | Refusal | undefined;
}

/** Keeps fetched key sets across restarts. */
export interface KeySetStore {
  load(keyManagerId: string, url: string): StoredKeySet | undefined;
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
  | 'request_policies'
  | 'credential'
  | 'token'
  | 'key_manager'
  | 'proof'
  | 'revocation'
  | 'binding'
  | 'audience'
  | 'subscriber'
  | 'subscription'
  | 'environment'
  | 'scopes'
  | 'caller_policies'
  | 'assertion';

/** One step as it went. */
export interface RecordedStep {
  readonly step: StepName;
  readonly outcome: 'passed' | 'deny' | 'fault';
  readonly reason?: Reason;
  readonly evidence?: Evidence;
  /** Microseconds since the step before; waiting for a key counts to `proof`. */
  readonly us: number;
}
