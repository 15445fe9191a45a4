// What an opening writer does about secrets: refuses a file whose keys it does not have, seals anew what an older key sealed, and
// sees to it that nothing of what was there before can be read out of unused pages.

import type { Database } from 'better-sqlite3';
import { keyIdOf } from '../../sealing/envelope.ts';
import type { SealingKey } from '../../sealing/sealing-key.ts';
import { newFingerprintKey, type SecretSealer } from '../../sealing/secret-sealer.ts';
import { CatalogUnusable } from '../outcome/catalog-unusable.ts';
import { type SealedSecret, secretPlace } from '../tables/stored-secrets.ts';
import { sealedSigningKeys, sealSigningKeysAnew } from '../tables/stored-signing-keys.ts';

const FINGERPRINT_PLACE = ['meta', 'fingerprint_key'];

/** The catalog's fingerprint key, after all secrets are sealed by the first key. Throws {@link CatalogUnusable} for a key that is missing. */
export function sealCatalog(db: Database, file: string, sealer: SecretSealer, keys: readonly SealingKey[]): string {
  const rows = db
    .prepare<[], SealedSecret>('SELECT key_manager_id AS keyManagerId, pointer, sealed FROM key_manager_secret')
    .all();
  const signing = sealedSigningKeys(db);
  const kept = keptFingerprintKey(db);
  refuseUnknownKeys(file, [kept ?? '', ...[...rows, ...signing].map(({ sealed }) => sealed)], keys);
  const key = kept === null ? newFingerprintKey() : sealer.open(kept, FINGERPRINT_PLACE);
  if (key === undefined)
    throw new CatalogUnusable(
      file,
      `was sealed with another key than the one given as "${keyIdOf(kept ?? '')}"`,
      'give the key of that name that the file was sealed with',
    );
  const old = rows.filter(({ sealed }) => !sealer.isCurrent(sealed));
  const oldSigning = signing.filter(({ sealed }) => !sealer.isCurrent(sealed));
  if (kept === null || !sealer.isCurrent(kept) || old.length + oldSigning.length > 0)
    db.transaction(() => {
      keepFingerprintKey(db, sealer, key);
      sealAnew(db, sealer, old);
      sealSigningKeysAnew(db, sealer, oldSigning);
      db.exec('UPDATE meta SET unswept = 1');
      // Followers take what is sealed anew.
      if (old.length > 0) db.exec('UPDATE meta SET revision = revision + 1');
    }).immediate();
  forgetUnusedPages(db);
  return key;
}

/** Keeps the fingerprint key, sealed. */
export function keepFingerprintKey(db: Database, sealer: SecretSealer, key: string): void {
  db.prepare('UPDATE meta SET fingerprint_key = ?').run(sealer.seal(key, FINGERPRINT_PLACE));
}

function keptFingerprintKey(db: Database): string | null {
  return db.prepare<[], string | null>('SELECT fingerprint_key FROM meta').pluck().get() ?? null;
}

function refuseUnknownKeys(file: string, sealed: readonly string[], keys: readonly SealingKey[]): void {
  const known = new Set(keys.map(({ id }) => id));
  const named = new Set(sealed.flatMap((envelope) => keyIdOf(envelope) ?? []));
  const [missing] = [...named].filter((id) => !known.has(id));
  if (missing === undefined) return;
  throw new CatalogUnusable(
    file,
    `holds secrets sealed with the key "${missing}", which is not there`,
    'give that key too, behind the one that is to seal from now on (sealing.keys, or the file sealing-key beside the catalog)',
  );
}

/** One that does not open stays as it is: its key manager is left out and reported, and an admin can write it anew. */
function sealAnew(db: Database, sealer: SecretSealer, rows: readonly SealedSecret[]): void {
  const update = db.prepare('UPDATE key_manager_secret SET sealed = ? WHERE key_manager_id = ? AND pointer = ?');
  for (const row of rows) {
    const secret = sealer.open(row.sealed, secretPlace(row));
    if (secret !== undefined) update.run(sealer.seal(secret, secretPlace(row)), row.keyManagerId, row.pointer);
  }
}

/** Writes the file anew without unused pages and empties the WAL. Marked, so that a start that was cut short is made up for. */
function forgetUnusedPages(db: Database): void {
  if (db.prepare('SELECT unswept FROM meta').pluck().get() === 0) return;
  db.exec('VACUUM');
  db.exec('UPDATE meta SET unswept = 0');
  db.pragma('wal_checkpoint(TRUNCATE)');
}
