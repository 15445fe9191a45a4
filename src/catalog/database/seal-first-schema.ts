// Seals the secrets of a file of the first schema, which held them in the clear: on the way to the second schema, and in the copy that
// is kept of the first. Afterwards neither has one.

import type { Database } from 'better-sqlite3';
import { isJsonObject } from '../../domain/json-object.ts';
import type { KeyManagerDto } from '../../domain/key-manager-dto.ts';
import { joinSecrets } from '../../domain/secret-fields.ts';
import { newFingerprintKey, type SecretSealer } from '../../sealing/secret-sealer.ts';
import { documentDigest } from '../tables/document-digest.ts';
import { FieldDigester, type FieldDigests } from '../tables/field-digester.ts';
import { splitDto } from '../tables/split-dto.ts';
import { type Secrets, StoredSecrets, secretPlace } from '../tables/stored-secrets.ts';
import { keepFingerprintKey } from './seal-catalog.ts';

/** How secrets are known and sealed. */
export interface FirstSchemaSecrets {
  readonly sealer: SecretSealer;
  /** Members of `additionalProperties` that are secrets of a type beside those that sound so, by type. */
  readonly secretNames: Readonly<Record<string, readonly string[]>>;
}

/** Runs inside the migration's transaction, when the second schema's tables are there. */
export function sealFirstSchema(db: Database, options: FirstSchemaSecrets): void {
  const stored = new StoredSecrets(db, options.sealer);
  const key = newFingerprintKey();
  eachKeyManager(db, options, (row, masked, secrets) => {
    stored.replace(row.id, secrets, new Set());
    rewriteDigests(db, row, masked, secrets, key);
    return masked;
  });
  keepFingerprintKey(db, options.sealer, key);
  const digest = db.prepare<[], string | null>('SELECT catalog_digest FROM meta').pluck().get() ?? null;
  if (digest !== null) db.prepare('UPDATE meta SET catalog_digest = ?').run(documentDigest(key, digest));
  db.exec('UPDATE meta SET unswept = 1');
}

/** In a copy of the first schema, puts the sealed text into the place of each secret; {@link sealFirstSchema} takes it for the secret. */
export function sealInPlace(db: Database, options: FirstSchemaSecrets): void {
  eachKeyManager(db, options, (row, masked, secrets) => {
    rewriteDigests(db, row, masked, secrets, undefined);
    const sealed = Object.entries(secrets).map(([pointer, secret]) => {
      const envelope = options.sealer.seal(secret, secretPlace({ keyManagerId: row.id, pointer }));
      return [pointer, JSON.stringify(envelope)];
    });
    return joinSecrets(masked, Object.fromEntries(sealed) as Secrets);
  });
  db.exec('UPDATE meta SET catalog_digest = NULL');
  db.exec('VACUUM');
}

interface Row {
  readonly id: string;
  readonly organization: string;
  readonly name: string;
  readonly dto: string;
}

function eachKeyManager(
  db: Database,
  { sealer, secretNames }: FirstSchemaSecrets,
  rewrite: (row: Row, masked: KeyManagerDto, secrets: Secrets) => KeyManagerDto,
): void {
  const update = db.prepare('UPDATE key_manager SET dto = ? WHERE id = ?');
  for (const row of db.prepare<[], Row>('SELECT id, organization, name, dto FROM key_manager').all()) {
    const dto = unsealed(JSON.parse(row.dto) as KeyManagerDto, row.id, sealer);
    const names = new Set(secretNames[dto.type] ?? []);
    const { masked, secrets } = splitDto(dto, (name) => names.has(name));
    update.run(JSON.stringify(rewrite(row, masked, secrets)), row.id);
  }
  // Of key managers that are gone nobody can tell any more which fields had secrets.
  db.exec(`DELETE FROM catalog_document WHERE json_extract(entry, '$[0]') = 'key_manager' AND NOT EXISTS (
    SELECT 1 FROM key_manager k
    WHERE k.organization = json_extract(entry, '$[1]') AND k.name = json_extract(entry, '$[2]'))`);
}

/** Digests of fields with secrets, on which guesses could be tried: keyed ones of what they say, or none. */
function rewriteDigests(
  db: Database,
  { organization, name }: Row,
  masked: KeyManagerDto,
  secrets: Secrets,
  key: string | undefined,
): void {
  const entry = ['key_manager', organization, name];
  const kept = db
    .prepare<[string], string>('SELECT fields FROM catalog_document WHERE entry = ?')
    .pluck()
    .get(JSON.stringify(entry));
  if (kept === undefined) return;
  const digests = new Map(Object.entries(JSON.parse(kept) as FieldDigests));
  const whole = new Map<string, unknown>(Object.entries(joinSecrets(masked, secrets)));
  const digester = key === undefined ? undefined : new FieldDigester(key, ['catalog_document', ...entry]);
  for (const field of new Set(Object.keys(secrets).map((pointer) => pointer.split('/')[1] ?? ''))) {
    const value = whole.get(field);
    const isHeld = digester?.matches(digests.get(field), field, value) === true;
    digests.delete(field);
    if (isHeld)
      for (const [said, digest] of Object.entries(digester?.digestsOf({ [field]: value }) ?? {}))
        digests.set(said, digest);
  }
  db.prepare('UPDATE catalog_document SET fields = ? WHERE entry = ?').run(
    JSON.stringify(Object.fromEntries(digests)),
    JSON.stringify(entry),
  );
}

/** The DTO of a copy that {@link sealInPlace} made, with its secrets; any other as it is. */
function unsealed<T>(dto: T, keyManagerId: string, sealer: SecretSealer): T {
  const visit = (value: unknown, pointer: string): unknown => {
    if (typeof value === 'string') {
      const secret = sealer.open(value, secretPlace({ keyManagerId, pointer }));
      return secret === undefined ? value : (JSON.parse(secret) as unknown);
    }
    if (Array.isArray(value)) return value.map((item, index) => visit(item, `${pointer}/${index}`));
    if (!isJsonObject(value)) return value;
    return Object.fromEntries(
      Object.entries(value).map(([member, inner]) => {
        return [member, visit(inner, `${pointer}/${member.replaceAll('~', '~0').replaceAll('/', '~1')}`)];
      }),
    );
  };
  return visit(dto, '') as T;
}
