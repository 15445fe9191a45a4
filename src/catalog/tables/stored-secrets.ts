// The sealed secrets of key managers, in their table. Each opens in its own row only. Writes happen inside a transaction that the
// caller holds.

import type { Database, Statement } from 'better-sqlite3';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';

/** A sealed secret as it lies in its row. */
export interface SealedSecret {
  readonly keyManagerId: string;
  readonly pointer: string;
  readonly sealed: string;
}

/** Secrets by JSON pointer into the DTO, each a JSON value as text. */
export type Secrets = Readonly<Record<string, string>>;

/** The `key_manager_secret` table. */
export class StoredSecrets {
  readonly #sealer: SecretSealer;
  readonly #all: Statement<[], SealedSecret>;
  readonly #of: Statement<[string], SealedSecret>;
  readonly #put: Statement<[string, string, string]>;
  readonly #delete: Statement<[string, string]>;

  constructor(db: Database, sealer: SecretSealer) {
    this.#sealer = sealer;
    const columns = 'SELECT key_manager_id AS keyManagerId, pointer, sealed FROM key_manager_secret';
    this.#all = db.prepare(columns);
    this.#of = db.prepare(`${columns} WHERE key_manager_id = ?`);
    this.#put = db.prepare('INSERT OR REPLACE INTO key_manager_secret VALUES (?, ?, ?)');
    this.#delete = db.prepare('DELETE FROM key_manager_secret WHERE key_manager_id = ? AND pointer = ?');
  }

  /** Those of every key manager that has any, by its id; undefined where one of them does not open. */
  all(): Map<string, Secrets | undefined> {
    const byKeyManager = Map.groupBy(this.#all.iterate(), ({ keyManagerId }) => keyManagerId);
    return new Map([...byKeyManager].map(([id, rows]) => [id, this.#opened(rows)]));
  }

  /** Those of one key manager; undefined where one of them does not open. */
  of(keyManagerId: string): Secrets | undefined {
    return this.#opened(this.#of.all(keyManagerId));
  }

  /** Where a key manager has secrets, without opening them. */
  pointersOf(keyManagerId: string): readonly string[] {
    return this.#of.all(keyManagerId).map(({ pointer }) => pointer);
  }

  /** Writes the given ones, keeps those that are named, and deletes the others. */
  replace(keyManagerId: string, written: Secrets, kept: ReadonlySet<string>): void {
    for (const pointer of this.pointersOf(keyManagerId))
      if (!kept.has(pointer)) this.#delete.run(keyManagerId, pointer);
    for (const [pointer, secret] of Object.entries(written)) {
      const place = secretPlace({ keyManagerId, pointer });
      this.#put.run(keyManagerId, pointer, this.#sealer.seal(secret, place));
    }
  }

  /** Writes all of a key manager's as they came, sealed for exactly their places with keys that are here too. */
  putSealed(keyManagerId: string, sealed: Readonly<Record<string, string>>): void {
    for (const pointer of this.pointersOf(keyManagerId))
      if (!Object.hasOwn(sealed, pointer)) this.#delete.run(keyManagerId, pointer);
    for (const [pointer, envelope] of Object.entries(sealed)) this.#put.run(keyManagerId, pointer, envelope);
  }

  #opened(rows: readonly SealedSecret[]): Secrets | undefined {
    const secrets: Record<string, string> = {};
    for (const row of rows) {
      const secret = this.#sealer.open(row.sealed, secretPlace(row));
      if (secret === undefined) return undefined;
      secrets[row.pointer] = secret;
    }
    return secrets;
  }
}

/** Where a secret belongs; it opens nowhere else. */
export function secretPlace({ keyManagerId, pointer }: Omit<SealedSecret, 'sealed'>): readonly string[] {
  return ['key_manager_secret', keyManagerId, pointer];
}
