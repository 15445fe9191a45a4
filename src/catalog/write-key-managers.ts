// An admin's writes of single key managers, inside a transaction that the caller holds.

import type { KeyManagerWrite, WriteRefusal } from '../domain/catalog-facts.ts';
import type { FieldProblem } from '../domain/field-problem.ts';
import type { StoredKeyManager } from '../domain/key-manager-dto.ts';
import type { KeyManagerUsage } from './key-manager-usage.ts';
import { refuse } from './refuse.ts';
import type { Ended, StructureLog } from './write-transaction.ts';
import type { WriterTables } from './writer-tables.ts';

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
    return { commit: false, result: refuse('exists', { field: 'name', message }) };
  }
  const stored = keyManagers.put(write, undefined);
  const rival = keyManagers.rivalOf(stored.id);
  if (rival !== undefined) {
    return { commit: false, result: refuse('issuer_shared', rivalProblem(rival)) };
  }
  log.changed('key_manager', stored.id);
  return { commit: true, result: stored };
}

/** Deletes a key manager; `force` also takes it off the APIs that list it and deletes the keys mapped to it. */
export function deleteKeyManager(
  tables: WriterTables,
  log: StructureLog,
  key: { readonly organization: string; readonly id: string },
  force: boolean,
  usage: KeyManagerUsage,
): Ended<KeyManagerDeleted | WriteRefusal> {
  if (tables.keyManagers.find(key.id)?.organization !== key.organization) {
    const field = {
      field: 'keyManagerId',
      message: 'no key manager of this organization has this id; list them first',
    };
    return { commit: false, result: refuse('not_found', field) };
  }
  const { apis, applications } = usage;
  if (!force && apis.length + applications.length > 0) {
    const message =
      `it is in use by ${shown('API', apis)} and ${shown('application', applications)}; ` +
      'change those first, or delete it with force, which takes it off their lists and deletes their keys of it';
    return { commit: false, result: refuse('in_use', { field: 'keyManagerId', message }) };
  }
  tables.writableApis.disallow(key.id);
  tables.applications.unmapKeysOf(key.id);
  tables.keyManagers.delete(key.id);
  // Readers take it off the lists they hold; to have them read every API that listed it would hold up decisions.
  log.changed('key_manager', key.id);
  return { commit: true, result: { kind: 'deleted', usage } };
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
