// Writes one key manager with its secrets, inside a transaction that the caller holds: the DTO with masks, the secrets sealed.

import type { KeyManagerWrite } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import { maskedPointers } from '../../domain/secret-fields.ts';
import { splitDto } from '../tables/split-dto.ts';
import type { WriterTables } from '../tables/writer-tables.ts';

/** The key manager as stored, or the masks that stand for nothing; then the caller rolls back. */
export type PutKeyManager =
  | { readonly stored: StoredKeyManager; readonly secretsWritten: readonly string[] }
  | { readonly problems: readonly FieldProblem[] };

/** Writes a new one, or anew the one of this id. A mask keeps the secret that is there. */
export function putKeyManager(
  { keyManagers, secrets }: Pick<WriterTables, 'keyManagers' | 'secrets'>,
  given: KeyManagerWrite,
  existingId: string | undefined,
): PutKeyManager {
  const write = withoutSecrets(given);
  const held = new Set(existingId === undefined ? [] : secrets.pointersOf(existingId));
  const left = maskedPointers(write.dto).filter((pointer) => !Object.hasOwn(write.secrets, pointer));
  const empty = left.filter((pointer) => !held.has(pointer));
  if (empty.length > 0) return { problems: empty.map(maskProblem) };
  const stored = keyManagers.put(write, existingId);
  secrets.replace(stored.id, write.secrets, new Set(left));
  return { stored, secretsWritten: Object.keys(write.secrets) };
}

/** The write without secrets in its DTO. Its type saw to that already; this is for what a type overlooks, told by names alone. */
export function withoutSecrets(write: KeyManagerWrite): KeyManagerWrite {
  const { masked, secrets } = splitDto(write.dto);
  return { ...write, dto: masked, secrets: { ...secrets, ...write.secrets } };
}

function maskProblem(pointer: string): FieldProblem {
  const field = pointer
    .slice(1)
    .split('/')
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.');
  return { field, message: 'is masked, and there is no secret here to keep; write the secret' };
}
