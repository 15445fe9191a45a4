// The three outcomes of a request and what is known when one is reached.

import type { Api, KeyType, Resource } from './api.ts';
import type { Evidence } from './evidence.ts';
import type { KeyManager } from './key-manager.ts';
import type { DenyReason, FaultReason } from './reason.ts';
import type { CallingApplication, Subscription } from './subscriber.ts';
import type { TokenFacts } from './token.ts';

/** What was established before the decision fell; on an allow all that applies is there. */
export interface Known {
  api?: Api;
  resource?: Resource;
  /** First 12 hex digits of the token's SHA-256. */
  tokenHash?: string;
  keyManager?: KeyManager;
  token?: TokenFacts;
  application?: CallingApplication;
  keyType?: KeyType;
  subscription?: Subscription;
  /** The backend JWT for the upstream. Secret. */
  assertion?: string;
}

/** A check's refusal, before it becomes a decision. */
export type Refusal =
  | { readonly outcome: 'deny'; readonly reason: DenyReason; readonly evidence: Evidence }
  | { readonly outcome: 'fault'; readonly reason: FaultReason; readonly evidence: Evidence };

/** The request may pass. */
export interface Allow {
  readonly outcome: 'allow';
  /** `public_resource`: no token was asked for. */
  readonly reason: 'allowed' | 'public_resource';
  readonly known: Readonly<Known>;
}

/** The request may not pass. */
export interface Deny {
  readonly outcome: 'deny';
  readonly reason: DenyReason;
  readonly evidence: Evidence;
  readonly known: Readonly<Known>;
}

/** No verdict could be reached; Envoy must not let the request pass. */
export interface Fault {
  readonly outcome: 'fault';
  readonly reason: FaultReason;
  readonly evidence: Evidence;
  readonly known: Readonly<Known>;
}

/** What Gatehouse says about one request. */
export type Decision = Allow | Deny | Fault;

/** A denial for this reason, with the facts that explain it. */
export function deny(reason: DenyReason, evidence: Evidence = {}): Refusal {
  return { outcome: 'deny', reason, evidence };
}

/** A fault for this reason, with the facts that explain it. */
export function fault(reason: FaultReason, evidence: Evidence = {}): Refusal {
  return { outcome: 'fault', reason, evidence };
}

/** True when a check refused instead of answering. */
export function isRefusal(value: unknown): value is Refusal {
  // Asked of whatever checks answer with, many times a request: a property that is read costs a tenth of one that is looked for.
  return typeof value === 'object' && value !== null && (value as Partial<Refusal>).outcome !== undefined;
}
