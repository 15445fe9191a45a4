// The catalog's content as it travels: every kind of entity, whole, and the changes of them in order. What a source gives and what a
// follower applies. Plain data: it crosses threads and the network.

import type { Api } from './api.ts';
import type { JudgedKeyManager } from './catalog-facts.ts';
import type { DenyPolicy, Policy, Scope } from './policy.ts';
import type { Revocation } from './revocation.ts';
import type { Application, ApplicationKeyMapping, Subscription } from './subscriber.ts';

/** A key manager on its way: its secrets stay sealed, with keys that both ends have. */
export interface TravellingKeyManager extends Omit<JudgedKeyManager, 'secrets'> {
  readonly id: string;
  readonly organization: string;
  readonly sequence: number;
  readonly version: number;
  /** By JSON pointer into the DTO; envelopes of the sealing keys, bound to this key manager's id and pointer. */
  readonly sealedSecrets: Readonly<Record<string, string>>;
}

/** Every kind of entity that travels, parents before children: the order in which a snapshot comes. */
export const ENTITY_KINDS = [
  'key_manager',
  'policy',
  'scope',
  'api',
  'application',
  'key_mapping',
  'subscription',
  'deny_policy',
  'revocation',
] as const;
/** One of {@link ENTITY_KINDS}. */
export type EntityKind = (typeof ENTITY_KINDS)[number];

/** An entity by its kind. */
export interface EntityByKind {
  readonly key_manager: TravellingKeyManager;
  readonly policy: Policy;
  readonly scope: Scope;
  readonly api: Api;
  readonly application: Application;
  readonly key_mapping: ApplicationKeyMapping;
  readonly subscription: Subscription;
  readonly deny_policy: DenyPolicy;
  readonly revocation: Revocation;
}

/** An entity as it is now, or that it is gone. Applying it twice, or again later, changes nothing more. */
export type Change = {
  readonly [K in EntityKind]: { readonly kind: K; readonly id: string; readonly entity: EntityByKind[K] | null };
}[EntityKind];

/** Where in a source's history a copy stands. Sequences of two epochs cannot be compared: only the source knows whether one goes on from the other. */
export interface SourcePosition {
  /** The source's history and, after a full stop, the run of its program. */
  readonly epoch: string;
  /** Rises with every write transaction of the source. */
  readonly sequence: number;
}

/** True for two runs of one history. One of them may have been lost with a disk of which an older image was put back. */
export function isOneHistory(a: SourcePosition, b: SourcePosition): boolean {
  const historyOf = ({ epoch }: SourcePosition) => epoch.split('.', 1)[0];
  return historyOf(a) === historyOf(b);
}

/** True when a copy at `held` has all that leads up to `to`. */
export function hasCome(held: SourcePosition, to: SourcePosition): boolean {
  return held.epoch === to.epoch && held.sequence >= to.sequence;
}

/** True when a copy at `held` may apply what leads on from `from`; into another epoch only from exactly there. */
export function leadsOn(held: SourcePosition, { from, to }: Pick<ChangeBatch, 'from' | 'to'>): boolean {
  if (held.epoch !== from.epoch) return false;
  return from.epoch === to.epoch ? from.sequence <= held.sequence : from.sequence === held.sequence;
}

/** Changes between two positions of one history, whole transactions: applied together, in one transaction. */
export interface ChangeBatch {
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  readonly changes: readonly Change[];
}
