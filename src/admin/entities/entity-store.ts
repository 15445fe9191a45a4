// What the routes of APIs, applications and what hangs on them need from the rooms behind them. Owned here, wired by `app.ts`.

import type { NamedApi } from '../../documents/wso2/publisher-api-facts.ts';
import type { Lifecycle } from '../../domain/api.ts';
import type { AuditContext } from '../../domain/audit.ts';
import type {
  ApiWrite,
  ApplicationFacts,
  DenyPolicyWrite,
  EntityKey,
  KeyMappingWrite,
  PolicyWrite,
  ScopeWrite,
  SubscriptionWrite,
  WriteRefusal,
} from '../../domain/catalog-facts.ts';
import type { DenyPolicy, Policy, PolicyKind, Scope } from '../../domain/policy.ts';
import type { Application, ApplicationKeyMapping, Subscription, SubscriptionState } from '../../domain/subscriber.ts';
import type { Page } from '../http/page.ts';

/** A part of a list, and how long the whole is. */
export interface Listed<E> {
  readonly total: number;
  readonly list: readonly E[];
}

/** An entity as it is now in force. */
export interface Written<E> {
  readonly kind: 'written';
  readonly entity: E;
}

/** An entity is no more, nor what hung on it. */
export interface Gone {
  readonly kind: 'deleted';
}

/**
 * Entities of one kind, each in its organization; `W` is what is written, `F` what a list can be narrowed by. A write is committed,
 * with its audit entry, and in force when its promise is fulfilled.
 */
export interface EntityStore<E, W, F> {
  /** In an order that stays the same from page to page. */
  list(organization: string, filter: F, page: Page): Promise<Listed<E>>;
  find(organization: string, id: string): Promise<E | undefined>;
  /** Adds one (`id` null), or writes the one of the id anew. */
  put(key: EntityKey, write: W, audit: AuditContext): Promise<Written<E> | WriteRefusal>;
  /** `force` also deletes what refers to it, where something can. */
  delete(key: ExistingKey, audit: AuditContext, force?: boolean): Promise<Gone | WriteRefusal>;
}

/** The key of an entity that is there. */
export type ExistingKey = EntityKey & { readonly id: string };

/** Narrows APIs; `…Contains` is a part of what is looked for, in any case. */
export interface ApiFilter {
  readonly nameContains?: string;
  readonly contextContains?: string;
  readonly version?: string;
  readonly provider?: string;
  /** Only of these states. */
  readonly lifecycles?: readonly Lifecycle[];
  /** Leaves out what WSO2's `visibility` keeps to roles that are none of these. */
  readonly visibleTo?: readonly string[];
}

/** Narrows applications. */
export interface ApplicationFilter {
  /** In any case. */
  readonly nameContains?: string;
  readonly managedBy?: ManagedBy;
}

/** Only what this user owns, or a group of the user's may manage. */
export interface ManagedBy {
  readonly user: string;
  readonly groups: readonly string[];
}

/** The clients of applications. One client of a key manager has one application and one key type. */
export interface KeyMappingStore {
  of(organization: string, applicationId: string): Promise<readonly ApplicationKeyMapping[]>;
  /** `move` takes the client from the application that has it. */
  map(
    organization: string,
    write: KeyMappingWrite,
    move: boolean,
    audit: AuditContext,
  ): Promise<Written<ApplicationKeyMapping> | WriteRefusal>;
  /** Writes what is kept of a mapping and used by nothing. */
  describe(
    organization: string,
    id: string,
    extra: ApplicationKeyMapping['extra'],
    audit: AuditContext,
  ): Promise<Written<ApplicationKeyMapping> | WriteRefusal>;
  unmap(organization: string, id: string, audit: AuditContext): Promise<Gone | WriteRefusal>;
}

/** Narrows subscriptions; all that is given must be so. */
export interface SubscriptionFilter {
  readonly apiId?: string;
  readonly applicationId?: string;
  /** By whose the application is. */
  readonly ofManagedBy?: ManagedBy;
}

/** Subscriptions, whose state changes apart from the rest. */
export interface SubscriptionStore extends EntityStore<Subscription, SubscriptionWrite, SubscriptionFilter> {
  setState(
    key: ExistingKey,
    state: SubscriptionState,
    audit: AuditContext,
  ): Promise<Written<Subscription> | WriteRefusal>;
}

/** Narrows policies. */
export interface PolicyFilter {
  readonly kind: PolicyKind;
  readonly name?: string;
}

/** No way to narrow a list. */
export type NoFilter = Readonly<Record<never, never>>;

/** Everything that hangs together around APIs and applications. */
export interface CatalogEntities {
  readonly apis: EntityStore<NamedApi, ApiWrite, ApiFilter>;
  readonly applications: EntityStore<Application, ApplicationFacts, ApplicationFilter>;
  readonly keyMappings: KeyMappingStore;
  readonly subscriptions: SubscriptionStore;
  readonly policies: EntityStore<Policy, PolicyWrite, PolicyFilter>;
  readonly scopes: EntityStore<Scope, ScopeWrite, NoFilter>;
  readonly denyPolicies: EntityStore<DenyPolicy, DenyPolicyWrite, NoFilter>;
}
