// What the routes of APIs, applications and what hangs on them need from the rooms behind them. Owned here, wired by `app.ts`.

import type { NamedApi } from '../documents/publisher-api-facts.ts';
import type { Lifecycle } from '../domain/api.ts';
import type { AuditContext } from '../domain/audit.ts';
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
} from '../domain/catalog-facts.ts';
import type { DenyPolicy, Policy, PolicyKind, Scope } from '../domain/policy.ts';
import type { Application, ApplicationKeyMapping, Subscription } from '../domain/subscriber.ts';
import type { Page } from './page.ts';

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
  delete(
    key: EntityKey & { readonly id: string },
    audit: AuditContext,
  ): Promise<{ readonly kind: 'deleted' } | WriteRefusal>;
}

/** Narrows APIs; texts are parts of what is looked for, in any case. */
export interface ApiFilter {
  readonly name?: string;
  readonly context?: string;
  readonly version?: string;
  readonly provider?: string;
  readonly status?: string;
  /** Only of these states. */
  readonly lifecycles?: readonly Lifecycle[];
}

/** Narrows applications. */
export interface ApplicationFilter {
  /** Part of the name, in any case. */
  readonly name?: string;
  /** Only what this user owns, or a group of the user's may manage. */
  readonly of?: { readonly name: string; readonly groups: readonly string[] };
}

/** Narrows key mappings; all that is given must be so. */
export interface KeyMappingFilter {
  readonly applicationId?: string;
  readonly keyManagerId?: string;
  readonly consumerKey?: string;
}

/** Narrows subscriptions; all that is given must be so. */
export interface SubscriptionFilter {
  readonly apiId?: string;
  readonly applicationId?: string;
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
  /** Written under another application's id, a mapping moves there. */
  readonly keyMappings: EntityStore<ApplicationKeyMapping, KeyMappingWrite, KeyMappingFilter>;
  readonly subscriptions: EntityStore<Subscription, SubscriptionWrite, SubscriptionFilter>;
  readonly policies: EntityStore<Policy, PolicyWrite, PolicyFilter>;
  readonly scopes: EntityStore<Scope, ScopeWrite, NoFilter>;
  readonly denyPolicies: EntityStore<DenyPolicy, DenyPolicyWrite, NoFilter>;
}
