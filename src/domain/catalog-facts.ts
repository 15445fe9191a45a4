// What may be written to the catalog, in the names that people use; the writer resolves them to ids in the same transaction.

import type { Api, KeyType } from './api.ts';
import type { FieldProblem } from './field-problem.ts';
import type { LiteralRule } from './key-manager.ts';
import type { KeyManagerDto } from './key-manager-dto.ts';
import type { DenyPolicy, Policy, Scope } from './policy.ts';
import type { Application, ApplicationKeyMapping, Subscription, SubscriptionState } from './subscriber.ts';

/** What its type makes of a key manager's DTO: what to store, and enough to tell whether two could claim one token. */
export interface JudgedKeyManager {
  /** With `SECRET_MASK` where a secret was. */
  readonly dto: KeyManagerDto;
  /** The secrets, by JSON pointer into the DTO; the writer seals them. */
  readonly secrets: Readonly<Record<string, string>>;
  readonly enabled: boolean;
  readonly issuers: readonly string[];
  readonly jwtRules: readonly LiteralRule[];
}

/** A key manager to write; the writer refuses two that could claim one token. */
export interface KeyManagerWrite extends JudgedKeyManager {
  readonly organization: string;
}

/** Which key manager a write is about, and what its writer believes it to be. */
export interface KeyManagerKey {
  readonly organization: string;
  readonly id: string;
  /** The version that the writer read (`If-Match`); null writes over any. */
  readonly expectedVersion: number | null;
}

/** Which entity a write is about, and what its writer believes it to be. */
export interface EntityKey {
  readonly organization: string;
  /** Null for a new one; an id that is not there is refused. */
  readonly id: string | null;
  /** The version that the writer read (`If-Match`); null writes over any. */
  readonly expectedVersion: number | null;
}

/** The key of an entity that is there. */
export type ExistingKey = EntityKey & { readonly id: string };

/**
 * An API to write; its key managers by name (or id) within its organization and the Global one. What is left out stays as it is,
 * or is empty in a new one.
 */
export type ApiWrite = Omit<Api, 'id' | 'number' | 'revision' | 'provider' | 'policy' | 'extra'> &
  Partial<Pick<Api, 'provider' | 'policy' | 'extra'>>;

/** An application to write, without what hangs on it. */
export type ApplicationFacts = Omit<Application, 'id' | 'number' | 'organization' | 'version'>;

/** A key mapping to write; its key manager by name or id. */
export interface KeyMappingWrite
  extends Pick<ApplicationKeyMapping, 'applicationId' | 'consumerKey' | 'keyType' | 'mode' | 'extra'> {
  readonly keyManager: string;
}

/** A subscription to write. */
export type SubscriptionWrite = Pick<Subscription, 'applicationId' | 'apiId' | 'policy' | 'state'>;

/** A policy to write. */
export type PolicyWrite = Omit<Policy, 'id' | 'number' | 'organization' | 'version'>;

/** A scope to write. */
export type ScopeWrite = Omit<Scope, 'id' | 'organization' | 'version'>;

/** A deny policy to write. */
export type DenyPolicyWrite = Omit<DenyPolicy, 'id' | 'number' | 'organization' | 'version'>;

/** A key of an application; its key manager by name. What is left out stays as it is. */
export interface ApplicationKeyWrite extends Partial<Pick<ApplicationKeyMapping, 'mode' | 'extra'>> {
  readonly keyManager: string;
  readonly consumerKey: string;
  readonly keyType: KeyType;
}

/** An application to write, with its keys and subscriptions. What is left out stays as it is. */
export interface ApplicationWrite extends Partial<Omit<ApplicationFacts, 'name' | 'owner' | 'policy'>> {
  readonly organization: string;
  readonly name: string;
  readonly owner: string;
  readonly policy: string;
  readonly keys: readonly ApplicationKeyWrite[];
  readonly subscriptions: readonly {
    readonly api: string;
    readonly version: string;
    readonly policy: string;
    readonly state: SubscriptionState;
  }[];
}

/** A catalog document's content. */
export interface CatalogFacts {
  readonly keyManagers: readonly KeyManagerWrite[];
  readonly apis: readonly ApiWrite[];
  readonly applications: readonly ApplicationWrite[];
}

/** The lists of a catalog document. */
export const CATALOG_SECTIONS = ['policies', 'scopes', 'keyManagers', 'apis', 'applications', 'denyPolicies'] as const;
/** One of {@link CATALOG_SECTIONS}. */
export type CatalogSection = (typeof CATALOG_SECTIONS)[number];

/** A field that a document changes; values are for people to read and hold no secret. */
export interface FieldChange {
  readonly field: string;
  readonly before: string;
  readonly after: string;
}

/** What a document does to an entry. */
export interface CatalogChange {
  readonly kind: 'added' | 'changed' | 'deleted';
  /** How people know it: `apis[Pizza:1.0.0]`. */
  readonly entity: string;
  /** Of a change. */
  readonly fields: readonly FieldChange[];
}

/** What a document comes to: its first changes one by one, and how many there are. */
export interface CatalogChanges {
  readonly changes: readonly CatalogChange[];
  readonly counts: Readonly<Record<CatalogChange['kind'], number>>;
}

/** Everything of one organization, or a part of it: what `gatehouse apply` wants to be there. */
export interface DesiredFacts extends CatalogFacts {
  readonly organization: string;
  /** The lists that are stated, be they empty: only of these may something be deleted. */
  readonly sections: readonly CatalogSection[];
  readonly policies: readonly PolicyWrite[];
  readonly scopes: readonly ScopeWrite[];
  readonly denyPolicies: readonly DenyPolicyWrite[];
}

/** Why a write was refused; nothing of it was written. */
export interface WriteRefusal {
  readonly kind: 'refused';
  readonly why:
    | 'exists'
    | 'not_found'
    | 'in_use'
    | 'issuer_shared'
    | 'unresolved'
    | 'conflict'
    | 'immutable'
    | 'stale'
    | 'busy';
  readonly fields: readonly FieldProblem[];
}
