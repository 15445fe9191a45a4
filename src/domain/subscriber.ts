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

/** WSO2 application states; only an approved one may call. */
export const APPLICATION_STATES = ['APPROVED', 'CREATED', 'REJECTED', 'DELETE_PENDING'] as const;
/** One WSO2 application state. */
export type ApplicationState = (typeof APPLICATION_STATES)[number];

/** An application of the developer portal. */
export interface Application {
  readonly id: string;
  /** WSO2's numeric `applicationId`; never handed out twice. */
  readonly number: number;
  readonly organization: string;
  readonly name: string;
  /** The user who owns it (WSO2 `subscriber`). */
  readonly owner: string;
  /** WSO2 application policy (`throttlingPolicy`). */
  readonly policy: string;
  readonly description: string;
  readonly attributes: Readonly<Record<string, string>>;
  /** Users of these groups may manage it too. */
  readonly groups: readonly string[];
  readonly state: ApplicationState;
  /** WSO2 fields that nothing here uses, kept and given back. */
  readonly extra: Readonly<Record<string, unknown>>;
  /** Rises with every write of it; the ETag. */
  readonly version: number;
}

/** How a client came to its application: generated at the key manager, or provided by who had it already. */
export const KEY_MAPPING_MODES = ['CREATED', 'MAPPED'] as const;

/** WSO2 ApplicationKeyMapping: an OAuth client of one key manager that belongs to an application. */
export interface ApplicationKeyMapping {
  /** WSO2 `keyMappingId`. */
  readonly id: string;
  readonly consumerKey: string;
  readonly keyManagerId: string;
  readonly applicationId: string;
  readonly keyType: KeyType;
  readonly mode: (typeof KEY_MAPPING_MODES)[number];
  /** WSO2 fields that nothing here uses, kept and given back. */
  readonly extra: Readonly<Record<string, unknown>>;
}

/** An application's subscription to one API. */
export interface Subscription {
  readonly id: string;
  /** WSO2's numeric `subscriptionId`. */
  readonly number: number;
  readonly apiId: string;
  readonly applicationId: string;
  /** WSO2 subscription policy (`throttlingPolicy`). */
  readonly policy: string;
  readonly state: SubscriptionState;
  readonly version: number;
}

/** What a decision needs of an application. */
export type CallingApplication = Omit<Application, 'description' | 'groups' | 'extra'>;

/** What a decision needs of a key mapping. */
export type CallingKey = Omit<ApplicationKeyMapping, 'id' | 'mode' | 'extra'>;

/** What the catalog knows of a client that calls an API, read in one statement and so from one revision. */
export interface Subscriber {
  readonly mapping: CallingKey | null;
  /** Null with a mapping present means a dangling row. */
  readonly application: CallingApplication | null;
  readonly subscription: Subscription | null;
}
