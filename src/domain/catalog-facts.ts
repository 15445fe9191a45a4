// What may be written to the catalog, in the names that people use; the writer resolves them to ids in the same transaction.

import type { Api, KeyType } from './api.ts';
import type { FieldProblem } from './field-problem.ts';
import type { LiteralRule } from './key-manager.ts';
import type { KeyManagerDto } from './key-manager-dto.ts';
import type { SubscriptionState } from './subscriber.ts';

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

/** An API to write; its key managers by name within its organization and the Global one. */
export type ApiWrite = Omit<Api, 'id' | 'keyManagers' | 'audiencesByKeyManager'> & {
  readonly keyManagers: 'all' | readonly string[];
  readonly audiencesByKeyManager: Readonly<Record<string, readonly string[]>>;
};

/** An application to write, with its keys and subscriptions. */
export interface ApplicationWrite {
  readonly organization: string;
  readonly name: string;
  readonly owner: string;
  readonly policy: string;
  readonly keys: readonly { readonly keyManager: string; readonly consumerKey: string; readonly keyType: KeyType }[];
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
