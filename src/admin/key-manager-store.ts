// What the key manager routes need from the rooms behind them. Owned here, wired by `app.ts`.

import type { WriteRefusal } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { KeyManagerDto, StoredKeyManager } from '../domain/key-manager-dto.ts';

/** A key manager that was written; warnings tell what is legal and probably not meant. */
export interface CreatedKeyManager {
  readonly kind: 'created';
  readonly keyManager: StoredKeyManager;
  readonly warnings: readonly string[];
}

/** A key manager that its type cannot work with. */
export interface InvalidKeyManager {
  readonly kind: 'invalid';
  readonly problems: readonly FieldProblem[];
}

/** Key managers of one organization. A write is committed, and in force, when its promise is fulfilled. */
export interface KeyManagerStore {
  /** In order of creation. */
  list(organization: string): Promise<readonly StoredKeyManager[]>;
  find(organization: string, id: string): Promise<StoredKeyManager | undefined>;
  create(organization: string, dto: KeyManagerDto): Promise<CreatedKeyManager | InvalidKeyManager | WriteRefusal>;
  /** `force` also removes it from APIs' lists and removes the keys that applications have of it. */
  delete(organization: string, id: string, force: boolean): Promise<{ readonly kind: 'deleted' } | WriteRefusal>;
}
