// The keys that sign what is told to upstreams, in their table. Each opens in its own row only. Writes happen inside a transaction that
// the caller holds.

import type { Database } from 'better-sqlite3';
import type { SigningKeyInfo, StoredSigningKey } from '../../domain/signing-key.ts';
import type { SecretSealer } from '../../sealing/secret-sealer.ts';
import type { AuditedChange } from './write-transaction.ts';

/** A row without its key opened. */
type SigningKeyRow = SigningKeyInfo & { readonly sealed: string };

/** When the key that signed was retired, and for how long it is still published. */
export interface Retirement {
  readonly atMs: number;
  readonly publishedUntilMs: number;
}

/** A signing key as it lies in its row. */
export interface SealedSigningKey {
  readonly id: string;
  readonly sealed: string;
}

/** The one that signs first, then the retired ones, the last first; undefined where one does not open. */
export function listSigningKeys(db: Database, sealer: SecretSealer): readonly StoredSigningKey[] | undefined {
  const rows = db
    .prepare<[], SigningKeyRow>(
      `SELECT id, algorithm, sealed, created_at_ms AS createdAtMs, retired_at_ms AS retiredAtMs,
         published_until_ms AS publishedUntilMs
       FROM signing_key ORDER BY retired_at_ms IS NOT NULL, retired_at_ms DESC, created_at_ms DESC`,
    )
    .all();
  const keys: StoredSigningKey[] = [];
  for (const { sealed, ...info } of rows) {
    const privateKey = sealer.open(sealed, signingKeyPlace(info.id));
    if (privateKey === undefined) return undefined;
    keys.push({ ...info, privateKey });
  }
  return keys;
}

/** Adds the key that signs from now on, retires the one that did, and forgets those whose time is over. */
export function rotateSigningKey(
  db: Database,
  sealer: SecretSealer,
  { privateKey, ...info }: StoredSigningKey,
  retired: Retirement,
): AuditedChange {
  db.prepare('DELETE FROM signing_key WHERE published_until_ms <= ?').run(retired.atMs);
  db.prepare('UPDATE signing_key SET retired_at_ms = ?, published_until_ms = ? WHERE retired_at_ms IS NULL').run(
    Math.trunc(retired.atMs),
    Math.trunc(retired.publishedUntilMs),
  );
  db.prepare('INSERT INTO signing_key VALUES (?, ?, ?, ?, NULL, NULL)').run(
    info.id,
    info.algorithm,
    sealer.seal(privateKey, signingKeyPlace(info.id)),
    Math.trunc(info.createdAtMs),
  );
  return { target: info.id, status: 201, after: info };
}

/** Every key as it is sealed. */
export function sealedSigningKeys(db: Database): readonly SealedSigningKey[] {
  return db.prepare<[], SealedSigningKey>('SELECT id, sealed FROM signing_key').all();
}

/** Seals keys with the first sealing key; one that does not open stays as it is, and stops whoever needs it. */
export function sealSigningKeysAnew(db: Database, sealer: SecretSealer, keys: readonly SealedSigningKey[]): void {
  const update = db.prepare('UPDATE signing_key SET sealed = ? WHERE id = ?');
  for (const { id, sealed } of keys) {
    const privateKey = sealer.open(sealed, signingKeyPlace(id));
    if (privateKey !== undefined) update.run(sealer.seal(privateKey, signingKeyPlace(id)), id);
  }
}

function signingKeyPlace(id: string): readonly string[] {
  return ['signing_key', id];
}
