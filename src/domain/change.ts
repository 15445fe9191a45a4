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

/** Where in a source's history a copy stands. Another epoch is another history: sequences of two epochs cannot be compared. */
export interface SourcePosition {
  readonly epoch: string;
  /** Rises with every write transaction of the source. */
  readonly sequence: number;
}

/** Changes between two positions of one epoch, whole transactions: applied together, in one transaction. */
export interface ChangeBatch {
  readonly from: SourcePosition;
  readonly to: SourcePosition;
  readonly changes: readonly Change[];
}
