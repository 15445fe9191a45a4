// An admin's writes of single key managers, inside a transaction that the caller holds.

import type { KeyManagerKey, KeyManagerWrite, WriteRefusal } from '../../domain/catalog-facts.ts';
import type { FieldProblem } from '../../domain/field-problem.ts';
import type { StoredKeyManager } from '../../domain/key-manager-dto.ts';
import type { KeyManagerUsage } from '../../domain/key-manager-usage.ts';
import { refuse } from '../outcome/refuse.ts';
import type { Ended, StructureLog } from '../tables/write-transaction.ts';
import type { WriterTables } from '../tables/writer-tables.ts';
import { putKeyManager } from './put-key-manager.ts';

/** A key manager is gone, and with it these references to it. */
export interface KeyManagerDeleted {
  readonly kind: 'deleted';
  readonly usage: KeyManagerUsage;
}

/** Names in a refusal; more would not be read. */
const MAX_NAMES_SHOWN = 5;

/** Adds a key manager, unless its name is taken or another one could claim its tokens. */
export function createKeyManager(
  tables: WriterTables,
  log: StructureLog,
  write: KeyManagerWrite,
): Ended<StoredKeyManager | WriteRefusal> {
  const { keyManagers } = tables;
  if (keyManagers.idOf(write.organization, write.dto.name) !== undefined) {
    const message = 'a key manager of this name exists; choose another name, or delete that one first';
    return refused('exists', { field: 'name', message });
  }
  return put(tables, log, write, undefined);
}

/** Writes a key manager anew. Its name, its place in the order and the secrets that the write masks stay. */
export function updateKeyManager(
  tables: WriterTables,
  log: StructureLog,
  key: KeyManagerKey,
  write: Omit<KeyManagerWrite, 'organization'>,
): Ended<StoredKeyManager | WriteRefusal> {
  const found = findExpected(tables, key);
  if ('refusal' in found) return found.refusal;
  if (write.dto.name !== found.stored.dto.name) {
    const message = `is "${found.stored.dto.name}" and stays so; APIs and keys are told by it, create another key manager instead`;
    return refused('immutable', { field: 'name', message });
  }
  return put(tables, log, { ...write, organization: key.organization }, found.stored);
}

/** Deletes a key manager; `force` also takes it off the APIs that list it and deletes the keys mapped to it. */
export function deleteKeyManager(
  tables: WriterTables,
  log: StructureLog,
  key: KeyManagerKey,
  force: boolean,
  usage: KeyManagerUsage,
): Ended<KeyManagerDeleted | WriteRefusal> {
  const found = findExpected(tables, key);
  if ('refusal' in found) return found.refusal;
  const { apis, applications } = usage;
  if (!force && apis.length + applications.length > 0) {
    const message =
      `it is in use by ${shown('API', apis)} and ${shown('application', applications)}; ` +
      'change those first, or delete it with force, which takes it off their lists and deletes their keys of it';
    return refused('in_use', { field: 'keyManagerId', message });
  }
  tables.writableApis.disallow(key.id);
  tables.keyMappings.deleteOfKeyManager(key.id);
  tables.keyManagers.delete(key.id);
  // Readers take it off the lists they hold; to have them read every API that listed it would hold up decisions.
  log.changed('key_manager', key.id);
  const before = { ...told(found.stored), apis, applications };
  return {
    commit: true,
    result: { kind: 'deleted', usage },
    changes: [{ target: key.id, status: 200, before }],
  };
}

function put(
  tables: WriterTables,
  log: StructureLog,
  write: KeyManagerWrite,
  before: StoredKeyManager | undefined,
): Ended<StoredKeyManager | WriteRefusal> {
  const written = putKeyManager(tables, write, before?.id);
  if ('problems' in written) return refused('unresolved', ...written.problems);
  const { stored, secretsWritten } = written;
  const rival = tables.keyManagers.rivalOf(stored.id);
  if (rival !== undefined) return refused('issuer_shared', rivalProblem(rival));
  log.changed('key_manager', stored.id);
  const after = { ...told(stored), secretsWritten };
  const change =
    before === undefined
      ? { target: stored.id, status: 201, after }
      : { target: stored.id, status: 200, before: told(before), after };
  return { commit: true, result: stored, changes: [change] };
}

function findExpected(
  { keyManagers }: WriterTables,
  { organization, id, expectedVersion }: KeyManagerKey,
): { readonly stored: StoredKeyManager } | { readonly refusal: Ended<WriteRefusal> } {
  const stored = keyManagers.find(id);
  if (stored?.organization !== organization) {
    const message = 'no key manager of this organization has this id; list them first';
    return { refusal: refused('not_found', { field: 'keyManagerId', message }) };
  }
  if (expectedVersion !== null && expectedVersion !== stored.version) {
    const message = `is at version ${stored.version}, not at ${expectedVersion}; read it again and repeat the change`;
    return { refusal: refused('stale', { field: 'If-Match', message }) };
  }
  return { stored };
}

/** What the audit is told of a key manager. */
function told({ organization, version, dto }: StoredKeyManager) {
  return { organization, version, keyManager: dto };
}

function refused(why: WriteRefusal['why'], ...fields: readonly FieldProblem[]): Ended<WriteRefusal> {
  return { commit: false, result: refuse(why, ...fields) };
}

/** What to tell who writes a key manager whose tokens another one could claim. */
export function rivalProblem({
  name,
  issuer,
}: {
  readonly name: string;
  readonly issuer: string | null;
}): FieldProblem {
  const [field, shared] =
    issuer === null
      ? ['tokenValidation', 'is without issuer too, and one token can fit the rules of both']
      : ['issuer', `has the same issuer ${issuer}`];
  const message =
    `the enabled key manager "${name}" ${shared}; give both JWT token handling rules ` +
    '(tokenValidation) that ask one claim for different values, or disable one of them';
  return { field, message };
}

function shown(noun: string, used: readonly { readonly name: string }[]): string {
  const names = used.slice(0, MAX_NAMES_SHOWN).map(({ name }) => name);
  if (used.length > MAX_NAMES_SHOWN) names.push('…');
  return `${used.length} ${noun}(s)${names.length === 0 ? '' : ` (${names.join(', ')})`}`;
}
