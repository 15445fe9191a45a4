// What the key manager routes need from the rooms behind them. Owned here, wired by `app.ts`.

import type { AuditContext } from '../../domain/audit.ts';
import type { WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { KeyManagerDto, StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { KeyManagerUsage } from '../../domain/key-manager-usage.ts';

/** A key manager that was written; warnings tell what is legal and probably not meant. */
export interface WrittenKeyManager {
  readonly kind: 'written';
  readonly keyManager: StoredKeyManager;
  readonly warnings: readonly string[];
}

/** A key manager that its type cannot work with. */
export interface InvalidKeyManager {
  readonly kind: 'invalid';
  readonly problems: readonly FieldProblem[];
}

/** What became of a write. */
export type KeyManagerWritten = WrittenKeyManager | InvalidKeyManager | WriteRefusal;

/** Which key manager a write is about. */
export interface KeyManagerTarget {
  readonly organization: string;
  readonly id: string;
  /** The version that the writer read; null writes over any. */
  readonly expectedVersion: number | null;
}

/**
 * Key managers, each in its organization; DTOs come out with their secrets masked. A write is committed, with its audit entry, and
 * in force when its promise is fulfilled.
 */
export interface KeyManagerStore {
  /** Of the organization, in order of creation. */
  list(organization: string): Promise<readonly StoredKeyManager[]>;
  find(organization: string, id: string): Promise<StoredKeyManager | undefined>;
  /** The key manager that the organization means by an id or a name: its own, else the Global one. */
  resolve(organization: string, idOrName: string): Promise<StoredKeyManager | undefined>;
  /** Ids of all key managers that an API or application refers to by name (WSO2 `isUsed`). */
  used(): Promise<ReadonlySet<string>>;
  /** Of any organization: who asks has looked the key manager up. */
  usage(id: string): Promise<KeyManagerUsage>;
  create(organization: string, dto: KeyManagerDto, audit: AuditContext): Promise<KeyManagerWritten>;
  /** Writes the DTO in the place of the stored one; where it has a mask, the stored secret stays. */
  update(target: KeyManagerTarget, dto: KeyManagerDto, audit: AuditContext): Promise<KeyManagerWritten>;
  /** `force` also removes it from APIs' lists and removes the keys that applications have of it. */
  delete(
    target: KeyManagerTarget,
    force: boolean,
    audit: AuditContext,
  ): Promise<{ readonly kind: 'deleted' } | WriteRefusal>;
}
