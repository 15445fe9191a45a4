// Who calls: applications, the OAuth clients mapped to them, and their subscriptions. Plain facts in WSO2's terms.

import type { KeyType } from './api.ts';

/** WSO2 subscription states. Which of them may call is decided in `authorize`. */
export const SUBSCRIPTION_STATES = [
  'UNBLOCKED',
  'BLOCKED',
  'PROD_ONLY_BLOCKED',
  'ON_HOLD',
  'REJECTED',
  'TIER_UPDATE_PENDING',
  'DELETE_PENDING',
] as const;
/** One WSO2 subscription state. */
export type SubscriptionState = (typeof SUBSCRIPTION_STATES)[number];

/** An application of the developer portal. */
export interface Application {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly owner: string;
  readonly policy: string;
}

/** WSO2 ApplicationKeyMapping: an OAuth client of one key manager that belongs to an application. */
export interface ApplicationKeyMapping {
  readonly consumerKey: string;
  readonly keyManagerId: string;
  readonly applicationId: string;
  readonly keyType: KeyType;
}

/** An application's subscription to one API. */
export interface Subscription {
  readonly id: string;
  readonly apiId: string;
  readonly applicationId: string;
  readonly policy: string;
  readonly state: SubscriptionState;
}

/** What the catalog knows of a client that calls an API, read in one statement and so from one revision. */
export interface Subscriber {
  /** The catalog's structure revision that this was read at; compare it with the snapshot's. */
  readonly structureRevision: number;
  readonly mapping: ApplicationKeyMapping | null;
  /** Null with a mapping present means a dangling row. */
  readonly application: Application | null;
  readonly subscription: Subscription | null;
}
